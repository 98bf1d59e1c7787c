import { beforeEach, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { FileCache } from "../../src/store/file_cache.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";

let disk: SimulatedDisk;
let files: FileCache;

beforeEach(() => {
  disk = new SimulatedDisk();
  files = new FileCache(disk, 3);
  for (const path of ["a", "b", "c", "d", "e"]) disk.open(path, { create: true }).close();
  disk.openFiles = 0;
});

it("acquire() opens a file once, and keeps it open after its release", () => {
  const first = files.acquire("a");
  expect(files.acquire("a").file).toBe(first.file);
  first.release();
  expect([disk.openFiles, files.size]).toEqual([1, 1]);
});

it("acquire() closes the least recently used file beyond the limit, and never one in use", () => {
  const pinned = files.acquire("a");
  for (const path of ["b", "c", "b", "d"]) files.acquire(path).release();
  expect([disk.openFiles, files.size]).toEqual([3, 3]);
  const held = files.acquire("b").file;
  expect(files.acquire("b").file, "b was used after c").toBe(held);
  expect(files.acquire("a").file).toBe(pinned.file);
});

it("acquire() goes over the limit while all are in use", () => {
  for (const path of ["a", "b", "c", "d"]) files.acquire(path);
  expect(files.size).toBe(4);
});

it("forget() closes once nobody uses the file, and the path opens anew", () => {
  const lease = files.acquire("a");
  lease.file.writeAt(0, utf8("x"));
  files.forget("a");
  expect(disk.openFiles).toBe(1);
  const fresh = files.acquire("a");
  expect(fresh.file).not.toBe(lease.file);
  lease.release();
  lease.release();
  expect(disk.openFiles).toBe(1);
  files.forget("missing");
});

it("close() closes everything", () => {
  files.acquire("a").release();
  files.acquire("b").release();
  files.close();
  expect(disk.openFiles).toBe(0);
});
