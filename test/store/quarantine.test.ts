import { beforeEach, expect, it } from "vitest";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import { QUARANTINE_BYTES_MAX, QUARANTINE_FILES_MAX } from "../../src/base/limits.ts";
import { ByteSource } from "../../src/store/byte_source.ts";
import { Quarantine } from "../../src/store/quarantine.ts";
import { diceOf } from "../support/dice.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";

const CONTENTS = new Uint8Array(6_000_000);
for (let at = 0; at < CONTENTS.length; at++) CONTENTS[at] = at % 251;
let disk: SimulatedDisk;
let quarantine: Quarantine;
const doubtful = { topic: "t", index: 3, from: 40, position: 100, end: 1_100 };

beforeEach(() => {
  disk = new SimulatedDisk();
  quarantine = new Quarantine(disk, SILENT_LOGGER);
  disk.open("a", { create: true }).close();
  disk.overwrite("a", CONTENTS);
});

const source = () => new ByteSource(disk.open("a"), 6_000_000);

it("keep() copies the bytes and makes the copy durable", async () => {
  expect(await quarantine.keep(source(), doubtful)).toBe(1_000);
  const crashed = SimulatedDisk.crashed(disk.snapshot(), diceOf(1));
  expect(crashed.contents("quarantine/t-3-40-100.bin")).toEqual(
    disk.contents("a").slice(100, 1_100),
  );
});

it("keep() keeps no more than the limit of one place, nor of all", async () => {
  expect(await quarantine.keep(source(), { ...doubtful, end: 6_000_000 }))
    .toBe(QUARANTINE_BYTES_MAX);
  for (let at = 1; at < QUARANTINE_FILES_MAX; at++) {
    disk.open(`quarantine/${at}`, { create: true }).close();
  }
  expect(await quarantine.keep(source(), { ...doubtful, from: 41 })).toBe(0);
});

it("keep() stands in nobody's way when the disk is full or failing", async () => {
  disk.capacityBytes = disk.usedBytes();
  expect(await quarantine.keep(source(), doubtful)).toBe(0);
  disk.capacityBytes = Infinity;
  disk.syncFault = () => "fail";
  expect(await quarantine.keep(source(), { ...doubtful, from: 41 })).toBe(0);
});

it("keep() has nothing to do with no bytes", async () => {
  expect(await quarantine.keep(source(), { ...doubtful, end: 100 })).toBe(0);
  expect(disk.exists("quarantine")).toBe(false);
});

it("take() moves a whole file away", () => {
  quarantine.take("a", { topic: "t", index: 3, handle: 0 }, { from: 77, unreadable: false });
  expect([disk.exists("a"), disk.exists("quarantine/t-3-77-0.bin")]).toEqual([false, true]);
});

it("take() keeps no more files than the limit, and removes the others", () => {
  disk.makeDirectory("quarantine");
  for (let at = 0; at < QUARANTINE_FILES_MAX; at++) {
    disk.open(`quarantine/${at}`, { create: true }).close();
  }
  quarantine.take("a", { topic: "t", index: 3, handle: 0 }, { from: 77, unreadable: false });
  expect(disk.exists("a")).toBe(false);
  expect(disk.list("quarantine").length).toBe(QUARANTINE_FILES_MAX);
  disk.open("b", { create: true }).close();
  quarantine.take("b", { topic: "t", index: 3, handle: 0 }, { from: 78, unreadable: true });
  expect(disk.exists("quarantine/t-3-78-0.bin")).toBe(true);
});
