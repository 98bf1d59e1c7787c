/** Checkpoint files: one whole generation at any moment, whatever the disk does. */
import { describe, expect, it } from "vitest";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import { CheckpointFiles } from "../../src/store/checkpoint.ts";
import { testCore } from "../support/core.ts";
import { SimulatedDisk, type Snapshot } from "../support/simulated_disk.ts";
import { seededRandom } from "../support/stores.ts";

const core = testCore();
const crc32c = (bytes: Uint8Array) => core.crc32c(bytes);
const open = (disk: SimulatedDisk) => new CheckpointFiles({ disk, crc32c, logger: SILENT_LOGGER });

function write(files: CheckpointFiles, ageMs: number, recoveryPoint = ageMs): Promise<void> {
  return files.write({
    leaderEpoch: 1,
    ageMs,
    partitions: new Map(),
    forwarded: new Map(),
    ranges: [],
    origins: { settledBelow: 0, unsettled: [] },
  }, new Map([["t-0", recoveryPoint]]));
}

describe("CheckpointFiles", () => {
  it("has the newest whole generation, wherever a crash comes", async () => {
    const disk = new SimulatedDisk();
    const moments: { snapshot: Snapshot; written: number; begun: number }[] = [];
    let written = 0;
    let begun = 0;
    disk.onStep = () => moments.push({ snapshot: disk.snapshot(), written, begun });
    const files = open(disk);
    while (begun < 12) {
      begun++;
      await write(files, begun);
      written = begun;
    }
    for (const [seed, { snapshot, written, begun }] of moments.entries()) {
      for (let round = 0; round < 5; round++) {
        const { next } = seededRandom(seed * 5 + round);
        const crashed = open(SimulatedDisk.crashed(snapshot, next));
        const ageMs = crashed.loaded?.ageMs ?? 0;
        expect(ageMs, `seed ${seed * 5 + round}`).toBeGreaterThanOrEqual(written);
        expect(ageMs, `seed ${seed * 5 + round}`).toBeLessThanOrEqual(begun);
      }
    }
  });

  it("falls back on the other generation when one is damaged", async () => {
    const disk = new SimulatedDisk();
    const files = open(disk);
    for (const ageMs of [1, 2, 3]) await write(files, ageMs);
    for (const [path, left] of [["checkpoint-b", 2], ["checkpoint-a", 3]] as const) {
      const copy = SimulatedDisk.killed(disk.snapshot());
      copy.flipBit(path, 30, 1);
      expect(open(copy).loaded?.ageMs, path).toBe(left);
    }
  });

  it("covers what both generations cover, and nothing while one is being written", async () => {
    const disk = new SimulatedDisk();
    const files = open(disk);
    await write(files, 1, 100);
    expect(files.coveredBelow("t-0")).toBe(0);
    await write(files, 2, 200);
    expect(files.coveredBelow("t-0")).toBe(100);
    const writing = write(files, 3, 300);
    expect(files.coveredBelow("t-0")).toBe(0);
    await writing;
    expect(files.coveredBelow("t-0")).toBe(200);
    expect(files.coveredBelow("other-0")).toBe(0);
  });

  it("makes a file anew after its sync failed", async () => {
    const disk = new SimulatedDisk();
    const files = open(disk);
    await write(files, 1);
    await write(files, 2);
    disk.syncFault = () => "fail";
    await expect(write(files, 3)).rejects.toMatchObject({ code: "storage_failed" });
    disk.syncFault = null;
    await write(files, 4);
    expect(open(disk).loaded?.ageMs).toBe(4);
  });

  it("works at zero bytes free", async () => {
    const disk = new SimulatedDisk();
    const files = open(disk);
    await write(files, 1);
    await write(files, 2);
    disk.capacityBytes = disk.usedBytes();
    for (let ageMs = 3; ageMs < 10; ageMs++) await write(files, ageMs);
    expect(open(disk).loaded?.ageMs).toBe(9);
  });

  it("writes over the generation whose durability cannot be had, not over the other", async () => {
    const disk = new SimulatedDisk();
    await write(open(disk), 1);
    const files = open(disk);
    disk.syncFault = () => "fail";
    await files.makeDurable();
    disk.syncFault = null;
    await write(files, 2);
    expect(open(disk).loaded?.ageMs).toBe(2);
  });
});
