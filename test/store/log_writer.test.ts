import { beforeEach, describe, expect, it } from "vitest";
import { testCore } from "../support/core.ts";
import { diceOf } from "../support/dice.ts";
import { LogHarness, readAll } from "../support/log_harness.ts";
import { SimulatedDisk, type Snapshot } from "../support/simulated_disk.ts";

const core = testCore();
let disk: SimulatedDisk;
let harness: LogHarness;
const settings = { segmentBytes: 400, compressionType: "none" } as const;

beforeEach(() => {
  core.reset();
  disk = new SimulatedDisk();
  harness = new LogHarness({ disk, core, settings });
});

describe("LogWriter", () => {
  it("rolls before a segment grows over its limit, and names the next for its base offset", async () => {
    const log = await harness.open();
    for (let at = 0; at < 10; at++) await harness.append(log, ["x".repeat(100)]);
    const segments = log.segments();
    expect(segments.length).toBe(5);
    for (const [at, { baseOffset, endOffset, bytes }] of segments.entries()) {
      expect(bytes).toBeLessThanOrEqual(400);
      expect(endOffset).toBe(segments[at + 1]?.baseOffset ?? 10);
      expect(disk.exists(`t-0/${String(baseOffset).padStart(20, "0")}.log`)).toBe(true);
    }
    expect(log.bytes).toBe(segments.reduce((sum, { bytes }) => sum + bytes, 0));
  });

  it("gives a batch larger than a segment one of its own", async () => {
    const log = await harness.open();
    for (const size of [10, 2_000, 10]) await harness.append(log, ["x".repeat(size)]);
    expect(log.segments().map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 2]);
  });

  it("acknowledges across a roll only what both files hold durably", async () => {
    const log = await harness.open();
    await harness.append(log, ["first"]);
    harness.put(log, ["x".repeat(200)]);
    log.sealOpen();
    await harness.append(log, ["y".repeat(200)]);
    expect(log.segments().length).toBe(2);
    core.reset();
    for (let seed = 0; seed < 20; seed++) {
      const crashed = SimulatedDisk.crashed(disk.snapshot(), diceOf(seed));
      core.reset();
      const again = await new LogHarness({ disk: crashed, core, leaderEpoch: 2 }).open();
      expect((await readAll(core, again)).values.length, `seed ${seed}`).toBe(3);
    }
  });

  it("writes nothing into the next file before what precedes it is durable", async () => {
    const snapshots: Snapshot[] = [];
    disk.onStep = () => snapshots.push(disk.snapshot());
    const log = await harness.open();
    for (const text of ["a", "b", "c", "d"]) {
      harness.put(log, [text.repeat(150)]);
      log.sealOpen();
    }
    await harness.append(log, ["e"]);
    expect(log.segments().length).toBeGreaterThan(2);
    for (const [step, snapshot] of snapshots.entries()) {
      for (let seed = 0; seed < 10; seed++) {
        core.reset();
        const crashed = SimulatedDisk.crashed(snapshot, diceOf(seed), "prefix");
        const again = await new LogHarness({ disk: crashed, core, leaderEpoch: 2 }).open();
        expect((await readAll(core, again)).gaps, `step ${step}, seed ${seed}`).toEqual([]);
      }
    }
  });

  it("roll() closes the active segment, durably, and does nothing to an empty one", async () => {
    const log = await harness.open();
    await log.roll();
    expect(log.segments()).toEqual([]);
    await harness.append(log, ["a"]);
    await log.roll();
    await log.roll();
    expect(log.segments().map(({ baseOffset }) => baseOffset)).toEqual([0, 1]);
    const crashed = SimulatedDisk.crashed(disk.snapshot(), diceOf(1));
    expect(crashed.list("t-0").filter((name) => name.endsWith(".log")).length).toBe(2);
    await harness.append(log, ["b"]);
    expect(log.segments()[1]).toMatchObject({ baseOffset: 1, endOffset: 2 });
  });

  it("roll() waits for the commit at hand", async () => {
    const log = await harness.open();
    await harness.append(log, ["a"]);
    const release = disk.holdSyncs();
    const commit = harness.append(log, ["b"]);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    const rolled = log.roll();
    release();
    await Promise.all([commit, rolled]);
    expect(log.segments().map(({ baseOffset }) => baseOffset)).toEqual([0, 2]);
  });

  it("syncs the directory for a file made while roll() syncs it for another", async () => {
    const log = await harness.open();
    await harness.append(log, ["a"]);
    const release = disk.holdSyncs();
    const rolled = log.roll();
    harness.put(log, ["x".repeat(300)]);
    log.sealOpen();
    const commit = harness.append(log, ["y".repeat(300)]);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    expect(log.segments().length).toBe(2);
    release();
    await Promise.all([commit, rolled]);
    expect(log.segments().length).toBe(3);
    for (let seed = 0; seed < 20; seed++) {
      const crashed = SimulatedDisk.crashed(disk.snapshot(), diceOf(seed));
      expect(crashed.list("t-0").filter((name) => name.endsWith(".log")).length).toBe(3);
    }
  });

  it("cuts a file whose sync failed where it was synced last, and never syncs it again", async () => {
    const log = await harness.open();
    await harness.append(log, ["a"]);
    const path = `t-0/${"0".repeat(20)}.log`;
    const { bytes } = log;
    const synced: string[] = [];
    disk.syncFault = (each) => {
      synced.push(each);
      return each === path ? "fail" : null;
    };
    await harness.append(log, ["b"]);
    await harness.append(log, ["c"]);
    expect(disk.contents(path).length).toBe(bytes);
    expect(synced.filter((each) => each === path)).toEqual([path]);
  });

  it("writes each batch once into a new file where the next file of a commit refused them", async () => {
    const log = await harness.open();
    for (const text of ["a", "b"]) {
      harness.put(log, [text.repeat(250)]);
      log.sealOpen();
    }
    let asked = 0;
    disk.writeFault = (path) => path.endsWith("1.log") && ++asked === 2 ? "fail" : null;
    await harness.append(log, ["c"]);
    expect(asked).toBeGreaterThan(1);
    const { values } = await readAll(core, log);
    expect(values.map((value) => value?.[0])).toEqual(["a", "b", "c"]);
    expect(log.highWatermark).toBe(3);
  });

  it("writes the index of a segment when it is closed", async () => {
    const log = await harness.open();
    for (let at = 0; at < 6; at++) await harness.append(log, ["x".repeat(200)]);
    expect(disk.exists("t-0/00000000000000000000.index")).toBe(true);
    expect(disk.exists("t-0/00000000000000000000.timeindex")).toBe(true);
  });

  it("empties a file that was left behind under the name of the next segment", async () => {
    const log = await harness.open();
    await harness.append(log, ["a"]);
    const path = `t-0/${"1".padStart(20, "0")}.log`;
    disk.open(path, { create: true }).writeAt(0, new Uint8Array(3_000).fill(7));
    await log.roll();
    expect(disk.contents(path).length).toBe(0);
    await harness.append(log, ["b"]);
    expect((await readAll(core, log)).values).toEqual(["a", "b"]);
    expect(disk.contents(path).length).toBe(log.segments()[1]!.bytes);
  });
});
