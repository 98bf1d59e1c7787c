/** What only a real directory can show; the rest of the Disk's contract is test/contract/disk.ts. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isOperatingError } from "../../src/base/errors.ts";
import { describeDisk } from "../contract/disk.ts";
import { openDisk } from "../../src/host/disk.ts";

import type { Disk } from "../../src/store/disk.ts";

describeDisk("of the host", () => {
  const directory = mkdtempSync(join(tmpdir(), "logboom-disk-"));
  return {
    disk: openDisk(directory),
    close: () => rmSync(directory, { recursive: true }),
  };
});

let root: string;
let disk: Disk;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "logboom-disk-"));
  disk = openDisk(root);
});

afterEach(() => rmSync(root, { recursive: true }));

const caught = (action: () => unknown): unknown => {
  try {
    action();
    return undefined;
  } catch (error) {
    return error;
  }
};

describe("openDisk()", () => {
  it("keeps what is written under the root", async () => {
    disk.makeDirectory("logs-0");
    const file = disk.open("logs-0/a.log", { create: true });
    file.writeAt(4, Uint8Array.of(1, 2, 3));
    await file.sync();
    file.close();
    await disk.syncDirectory("logs-0");
    await disk.syncDirectory("");
    expect([...readFileSync(join(root, "logs-0/a.log"))]).toEqual([0, 0, 0, 0, 1, 2, 3]);
  });

  it("reads, writes and syncs one file at once, each at its own position", async () => {
    const file = disk.open("a", { create: true });
    file.writeAt(0, new Uint8Array(64 * 1024).map((_, at) => at % 251));
    const reads = Array.from({ length: 32 }, async (_, at) => {
      const into = new Uint8Array(1_000);
      expect(await file.readAt(at * 1_000, into)).toBe(1_000);
      return into[0];
    });
    const synced = file.sync();
    file.writeAt(64 * 1024, Uint8Array.of(7));
    expect(await Promise.all(reads)).toEqual(reads.map((_, at) => at * 1_000 % 251));
    await synced;
    expect(file.size()).toBe(64 * 1024 + 1);
    file.close();
  });

  it("says storage_full when the device is full", () => {
    symlinkSync("/dev/full", join(root, "full"));
    const file = disk.open("full");
    const error = caught(() => file.writeAt(0, new Uint8Array(10)));
    expect(error).toMatchObject({
      code: "storage_full",
      retriable: true,
      detail: { path: "full" },
    });
    file.close();
  });

  it("says storage_failed with the path on any other trouble", () => {
    mkdirSync(join(root, "d"));
    expect(caught(() => disk.open("d"))).toMatchObject({
      code: "storage_failed",
      message: expect.stringMatching(/^Cannot open d: /),
      detail: { path: "d" },
    });
    writeFileSync(join(root, "f"), "");
    expect(isOperatingError(caught(() => disk.list("f")), "storage_failed")).toBe(true);
    expect(isOperatingError(caught(() => disk.makeDirectory("f/x")), "storage_failed")).toBe(true);
  });

  it("tells how much may still be written", () => {
    expect(disk.freeBytes()).toBeGreaterThan(0);
  });
});

describe("openDisk(), read only", () => {
  it("reads, writes nothing, and takes no directory for a file", () => {
    disk.makeDirectory("there");
    disk.open("file", { create: true }).writeAt(0, Uint8Array.of(1, 2));
    const readOnly = openDisk(root, { readOnly: true });
    const file = readOnly.open("file");
    expect(file.readAtNow(0, new Uint8Array(2))).toBe(2);
    expect(() => file.writeAt(0, Uint8Array.of(9))).toThrow(/Cannot write file/);
    file.close();
    for (const each of [disk, readOnly]) {
      expect(() => each.open("there")).toThrow(/Cannot open there/);
    }
  });
});
