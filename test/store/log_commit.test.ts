/** What happens to a commit when the disk refuses: design §4, "after a failed sync". */
import { beforeEach, describe, expect, it } from "vitest";
import { testCore } from "../support/core.ts";
import { LogHarness, readAll } from "../support/log_harness.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";

const core = testCore();
let disk: SimulatedDisk;
let harness: LogHarness;

beforeEach(() => {
  core.reset();
  disk = new SimulatedDisk();
  harness = new LogHarness({ disk, core });
});

describe("LogCommit", () => {
  it("after a failed sync writes the same batches into a new segment", async () => {
    const log = await harness.open();
    await harness.append(log, ["a"]);
    let failures = 1;
    disk.syncFault = (path) => path.endsWith("0.log") && failures-- > 0 ? "fail" : null;
    const { ticket } = await harness.append(log, ["b"]);
    expect(ticket.baseOffset).toBe(1);
    expect(log.segments().map(({ baseOffset }) => baseOffset)).toEqual([0, 1]);
    // The simulated disk refuses a second sync of the file that failed.
    await harness.append(log, ["c"]);
    expect((await readAll(core, log)).values).toEqual(["a", "b", "c"]);
  });

  it("replaces a file whose very first sync failed", async () => {
    const log = await harness.open();
    let failures = 1;
    disk.syncFault = (path) => path.endsWith(".log") && failures-- > 0 ? "fail" : null;
    await harness.append(log, ["a"]);
    await harness.append(log, ["b"]);
    expect(log.segments().map(({ baseOffset }) => baseOffset)).toEqual([0]);
    expect((await readAll(core, log)).values).toEqual(["a", "b"]);
  });

  it("replaces an empty segment whose first sync failed", async () => {
    const log = await harness.open();
    await harness.append(log, ["a"]);
    await log.roll();
    let failures = 1;
    disk.syncFault = (path) => path.endsWith("1.log") && failures-- > 0 ? "fail" : null;
    await harness.append(log, ["b"]);
    await harness.append(log, ["c"]);
    expect(log.segments().map(({ baseOffset }) => baseOffset)).toEqual([0, 1]);
    expect((await readAll(core, log)).values).toEqual(["a", "b", "c"]);
  });

  it("gives the batches up when the new segment cannot be synced either", async () => {
    const log = await harness.open();
    await harness.append(log, ["a"]);
    disk.syncFault = () => "fail";
    await expect(harness.append(log, ["lost"])).rejects.toMatchObject({ code: "storage_failed" });
    expect(log).toMatchObject({ highWatermark: 1, logEndOffset: 1 });
    disk.syncFault = null;
    const { ticket } = await harness.append(log, ["b"]);
    expect(ticket.baseOffset).toBe(1);
    expect((await readAll(core, log)).values).toEqual(["a", "b"]);
  });

  it("gives the batches up on a full disk, cuts what was written, and goes on in the file", async () => {
    const log = await harness.open();
    await harness.append(log, ["a"]);
    disk.capacityBytes = disk.usedBytes() + 30;
    await expect(harness.append(log, ["lost"])).rejects.toMatchObject({ code: "storage_full" });
    expect(disk.freeBytes()).toBe(30);
    disk.capacityBytes = Infinity;
    await harness.append(log, ["b"]);
    expect(log.segments().length).toBe(1);
    expect((await readAll(core, log)).values).toEqual(["a", "b"]);
  });

  it("moves what gathers behind a failed commit down to its offsets", async () => {
    const log = await harness.open();
    const other = await harness.open({ index: 1 });
    await Promise.all([harness.append(log, ["a"]), harness.append(other, ["a"])]);
    const release = disk.holdSyncs();
    let failing = true;
    disk.syncFault = (path) => failing && path.startsWith("t-0") ? "fail" : null;
    const lost = harness.append(log, ["lost", "lost too"]);
    const beside = harness.append(other, ["b"]);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    const next = harness.append(log, ["next"]);
    void lost.catch(() => failing = false);
    release();
    await expect(lost).rejects.toMatchObject({ code: "storage_failed" });
    await beside;
    expect((await next).ticket).toMatchObject({ baseOffset: 1, lastOffset: 1 });
    expect((await readAll(core, log)).values).toEqual(["a", "next"]);
  });

  it("gives up what was closed on top of a failed commit, with it", async () => {
    const log = await harness.open();
    const other = await harness.open({ index: 1 });
    await Promise.all([harness.append(log, ["a"]), harness.append(other, ["a"])]);
    const release = disk.holdSyncs();
    let failing = true;
    disk.syncFault = (path) => failing && path.startsWith("t-0") ? "fail" : null;
    const lost = harness.append(log, ["lost"]);
    const beside = harness.append(other, ["b"]);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    harness.put(log, ["closed"]);
    log.sealOpen();
    const closed = harness.append(log, ["and open"]);
    void lost.catch(() => failing = false);
    release();
    await expect(lost).rejects.toMatchObject({ code: "storage_failed" });
    await expect(closed).rejects.toMatchObject({ code: "storage_failed" });
    await beside;
    expect(core.openRecords(log.handle)).toBe(0);
    expect((await harness.append(log, ["b"])).ticket.baseOffset).toBe(1);
    expect((await readAll(core, log)).values).toEqual(["a", "b"]);
  });

  it("acknowledges from the page cache for `durability: os`, and syncs a second later", async () => {
    harness = new LogHarness({ disk, core, settings: { durability: "os" } });
    const log = await harness.open();
    await harness.append(log, ["a"]);
    expect([log.highWatermark, disk.syncs]).toEqual([1, 0]);
    expect(log.checkpoint()).toMatchObject({ recoveryPoint: 0, recoveryPosition: 0 });
    harness.clock.advance(1_000);
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    expect(disk.syncs).toBeGreaterThan(0);
    expect(log.checkpoint()).toMatchObject({ recoveryPoint: 1, recoveryPosition: log.bytes });
  });
});
