/** What a link used, across restarts; test/replication/budget/quota.test.ts crashes it. */
import { describe, expect, it } from "vitest";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import { LinkUsage } from "../../src/store/link_usage.ts";
import { testCore } from "../support/core.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";

const core = testCore();
const open = (disk: SimulatedDisk) =>
  LinkUsage.open({ disk, crc32c: (bytes) => core.crc32c(bytes), logger: SILENT_LOGGER });
const marksOf = (bytes: number) => ({
  day: "2026-11-22",
  dayBytes: bytes,
  month: "2026-11",
  monthBytes: 2 * bytes,
});

describe("LinkUsage", () => {
  it("knows nothing at first, and then what was written last", async () => {
    const disk = new SimulatedDisk();
    const usage = await open(disk);
    expect(usage.marks).toBeNull();
    await usage.write(marksOf(1));
    await usage.write(marksOf(2));
    expect(usage.marks).toEqual(marksOf(2));
    await usage.close();
    expect((await open(disk)).marks).toEqual(marksOf(2));
  });

  it("goes on over many files' worth of writes, at zero bytes free", async () => {
    const disk = new SimulatedDisk();
    const usage = await open(disk);
    disk.capacityBytes = disk.usedBytes();
    for (let at = 0; at < 1_000; at++) await usage.write(marksOf(at));
    expect(disk.freeBytes()).toBe(0);
    await usage.close();
    expect((await open(disk)).marks).toEqual(marksOf(999));
  });

  it("survives a file whose sync failed", async () => {
    const disk = new SimulatedDisk();
    const usage = await open(disk);
    let syncs = 0;
    disk.syncFault = () => ++syncs === 3 ? "fail" : null;
    for (let at = 0; at < 10; at++) await usage.write(marksOf(at));
    await usage.close();
    expect((await open(disk)).marks).toEqual(marksOf(9));
  });
});
