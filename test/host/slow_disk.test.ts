/**
 * The slow disk: its syncs are held back by the timer handed in, and nothing else is changed.
 *
 * @module
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Timers } from "../../src/base/clock.ts";
import { openDisk } from "../../src/host/disk.ts";
import { slowDisk } from "../../src/host/slow_disk.ts";
import type { Disk } from "../../src/store/disk.ts";

let root: string;
let disk: Disk;
let waiting: { delayMs: number; task: () => void }[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "logboom-slow-disk-"));
  waiting = [];
  const timers: Timers = {
    after(delayMs, task) {
      waiting.push({ delayMs, task });
      return () => {};
    },
    soon: (task) => queueMicrotask(task),
  };
  disk = slowDisk(openDisk(root), 10, timers);
});

afterEach(() => rmSync(root, { recursive: true }));

async function heldBack(sync: Promise<void>): Promise<void> {
  let durable = false;
  void sync.then(() => durable = true);
  while (waiting.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(durable).toBe(false);
  const { delayMs, task } = waiting.pop()!;
  expect(delayMs).toBe(10);
  task();
  await sync;
}

describe("slowDisk()", () => {
  it("holds a file's sync back by the delay", async () => {
    const file = disk.open("a.log", { create: true });
    file.writeAt(0, new Uint8Array([1, 2, 3]));
    await heldBack(file.sync());
    file.close();
  });

  it("holds a directory's sync back by the delay", async () => {
    await heldBack(disk.syncDirectory(""));
  });

  it("blocks for the delay when the sync is asked for at once", () => {
    const file = disk.open("a.log", { create: true });
    const before = performance.now();
    file.syncNow();
    expect(performance.now() - before).toBeGreaterThanOrEqual(9);
    file.close();
  });

  it("passes everything else to the disk behind it", async () => {
    disk.makeDirectory("logs-0");
    const file = disk.open("logs-0/a.log", { create: true });
    file.writeAt(0, new Uint8Array([1, 2, 3, 4]));
    file.truncate(3);
    expect(file.path).toBe("logs-0/a.log");
    expect(file.size()).toBe(3);
    const into = new Uint8Array(4);
    expect(file.readAtNow(0, into)).toBe(3);
    expect(await file.readAt(1, into)).toBe(2);
    file.close();
    disk.rename("logs-0/a.log", "logs-0/b.log");
    expect(disk.list("logs-0")).toEqual(["b.log"]);
    expect(disk.exists("logs-0/b.log")).toBe(true);
    expect([...readFileSync(join(root, "logs-0/b.log"))]).toEqual([1, 2, 3]);
    disk.remove("logs-0/b.log");
    disk.removeDirectory("logs-0");
    expect(disk.exists("logs-0")).toBe(false);
    expect(disk.freeBytes()).toBeGreaterThan(0);
  });
});
