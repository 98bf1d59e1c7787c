/** The ledger: decisions are whole or not made, and survive whatever the disk does. */
import { describe, expect, it } from "vitest";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import { Ledger, type LedgerChange, type NewLedgerEntry } from "../../src/store/ledger.ts";
import { testCore } from "../support/core.ts";
import { HandClock } from "../support/hand_clock.ts";
import { SimulatedDisk, type Snapshot } from "../support/simulated_disk.ts";
import { seededRandom } from "../support/stores.ts";

const core = testCore();
const LOG = "0123456789abcdef";

function open(disk: SimulatedDisk, entriesMax = 1_000): Ledger {
  const crc32c = (bytes: Uint8Array) => core.crc32c(bytes);
  return Ledger.open({ disk, crc32c, clock: new HandClock(), logger: SILENT_LOGGER, entriesMax });
}

function entry(from: number, to: number, more: Partial<NewLedgerEntry> = {}): NewLedgerEntry {
  return {
    logId: LOG,
    topic: "logs",
    partition: 0,
    from,
    to,
    count: to - from,
    bytes: 100 * (to - from),
    minTimestamp: from,
    maxTimestamp: to,
    reason: "evicted",
    state: "final",
    ...more,
  };
}

const eviction = (from: number, to: number): LedgerChange => ({
  entries: [entry(from, to)],
  start: { directory: "logs-0", offset: to, held: 3, settled: 2 },
});

describe("Ledger.change()", () => {
  it("keeps entries, log start offsets and void ranges across runs", async () => {
    const disk = new SimulatedDisk();
    const ledger = open(disk);
    await ledger.prepare();
    const [made] = await ledger.change(eviction(0, 10));
    await ledger.change({ void: { logId: LOG, from: 50, to: 60 } });
    await ledger.close();

    const again = open(disk);
    expect([...again.entries()]).toEqual([made]);
    expect(again.logStart("logs-0")).toEqual({ offset: 10, held: 3, settled: 2 });
    expect(again.voids()).toEqual([{ logId: LOG, from: 50, to: 60 }]);
    expect(again.logStart("other-0")).toBeUndefined();
    await again.prepare();
    const [next] = await again.change({ entries: [entry(10, 20)] });
    expect(next!.id).toBeGreaterThan(made!.id);
  });

  it("keeps a decision when the next one, made meanwhile, begins the other file", async () => {
    const disk = new SimulatedDisk();
    const ledger = open(disk, 5_000);
    await ledger.prepare();
    const release = disk.holdSyncs();
    const first = ledger.change(eviction(0, 10));
    await new Promise((resolve) => setTimeout(resolve, 5));
    const entries = Array.from({ length: 2_000 }, (_, at) => entry(at + 10, at + 11));
    const second = ledger.change({ entries });
    release();
    await Promise.all([first, second]);
    expect(open(disk).logStart("logs-0")?.offset).toBe(10);
    expect(open(disk).size).toBe(2_001);
  });

  it("counts an entry once it is there to be seen, and not before", async () => {
    const disk = new SimulatedDisk();
    const ledger = open(disk);
    await ledger.prepare();
    expect(ledger.made).toBe(0);
    const release = disk.holdSyncs();
    const change = ledger.change(eviction(0, 10));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect([ledger.made, ledger.size]).toEqual([0, 0]);
    release();
    await change;
    expect([ledger.made, ledger.size]).toEqual([1, 1]);
  });

  it("makes an eviction whole or not at all, wherever a crash comes", async () => {
    const disk = new SimulatedDisk();
    const moments: { snapshot: Snapshot; acknowledged: number }[] = [];
    let acknowledged = 0;
    const ledger = open(disk);
    await ledger.prepare();
    disk.onStep = () => moments.push({ snapshot: disk.snapshot(), acknowledged });
    for (let at = 0; at < 25; at++) {
      await ledger.change(eviction(10 * at, 10 * at + 10));
      acknowledged = 10 * at + 10;
    }
    for (const [seed, { snapshot, acknowledged }] of moments.entries()) {
      const crashed = open(SimulatedDisk.crashed(snapshot, seededRandom(seed).next));
      const start = crashed.logStart("logs-0")?.offset ?? 0;
      const count = [...crashed.entries()].reduce((sum, { count }) => sum + count, 0);
      expect(start, `seed ${seed}`).toBeGreaterThanOrEqual(acknowledged);
      expect(count, `seed ${seed}`).toBe(start);
    }
  });

  it("works at zero bytes free", async () => {
    const disk = new SimulatedDisk();
    const ledger = open(disk);
    await ledger.prepare();
    disk.capacityBytes = disk.usedBytes();
    for (let at = 0; at < 200; at++) await ledger.change(eviction(10 * at, 10 * at + 10));
    expect(open(disk).logStart("logs-0")!.offset).toBe(2_000);
  });

  it("never moves a log start back", async () => {
    const ledger = open(new SimulatedDisk());
    await ledger.prepare();
    await ledger.change(eviction(0, 20));
    await ledger.change({ start: { directory: "logs-0", offset: 10, held: 0, settled: 0 } });
    expect(ledger.logStart("logs-0")!.offset).toBe(20);
  });

  it("joins neighbours of one log, reason and state once there are too many", async () => {
    const disk = new SimulatedDisk();
    const ledger = open(disk, 5);
    await ledger.prepare();
    await ledger.change({ entries: [entry(0, 3, { reason: "corrupt" })] });
    for (let at = 3; at < 40; at++) await ledger.change({ entries: [entry(at, at + 1)] });
    await ledger.change({ entries: [entry(50, 60), entry(0, 5, { logId: "f".repeat(16) })] });
    expect(ledger.size).toBeLessThanOrEqual(7);
    const standing = ledger.standing(LOG);
    expect(standing.reduce((sum, { count }) => sum + count, 0)).toBe(50);
    expect(standing.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(5_000);
    expect(standing[0]).toMatchObject({ from: 0, to: 3, reason: "corrupt" });
    expect(standing.at(-1)).toMatchObject({ from: 50, to: 60 });
    expect([...open(disk).entries()]).toEqual([...ledger.entries()]);
  });

  it("joins each entry once when decisions are made at the same time", async () => {
    const ledger = open(new SimulatedDisk(), 5);
    await ledger.prepare();
    const ranges = Array.from({ length: 40 }, (_, at) => entry(at, at + 1));
    await Promise.all(ranges.map((range) => ledger.change({ entries: [range] })));
    const standing = ledger.standing(LOG);
    expect(standing.reduce((sum, { count }) => sum + count, 0)).toBe(40);
    for (const [at, { from }] of standing.entries()) {
      expect(from).toBe(at === 0 ? 0 : standing[at - 1]!.to);
    }
  });
});

describe("Ledger.resolve()", () => {
  const HERE = { topic: "logs", partition: 0 };
  const word = (from: number, to: number, lacking: readonly (readonly [number, number])[]) => ({
    ...{ logId: LOG, from, to },
    lacking: lacking.map(([from, to]) => ({ from, to })),
  });

  it("takes all that one request was told in one decision", async () => {
    const disk = new SimulatedDisk();
    const ledger = open(disk);
    await ledger.prepare();
    const state = "provisional" as const;
    const holes = Array.from({ length: 100 }, (_, at) => entry(2 * at, 2 * at + 1, { state }));
    const nobodys = { logId: null, state };
    const others = [
      entry(300, 301, nobodys),
      entry(300, 301, { ...nobodys, partition: 1 }),
      entry(302, 306, { state }),
    ];
    await ledger.change({ entries: [...holes, ...others] });
    const before = disk.steps;
    const words = holes.map(({ from, to }, at) => word(from, to, at % 2 ? [] : [[from, to]]));
    const parts = [word(302, 303, [[302, 303]]), word(304, 306, [])];
    await ledger.resolve([...words, word(300, 301, []), ...parts], HERE);
    expect(disk.steps - before).toBeLessThan(5);
    const again = open(disk);
    const left = holes.filter((_, at) => at % 2 === 0)
      .map(({ from, to }) => ({ from, to, state: "final" }));
    expect(again.standing(LOG)).toMatchObject([
      ...left,
      { from: 302, to: 303, state: "final" },
      { from: 303, to: 304, state: "provisional" },
    ]);
    expect(again.standing(null)).toMatchObject([{ partition: 1, state: "provisional" }]);
  });

  it("takes a word about a part, and leaves the rest to be asked", async () => {
    const ledger = open(new SimulatedDisk());
    await ledger.prepare();
    await ledger.change({ entries: [entry(0, 10, { state: "provisional" })] });
    await ledger.resolve([word(0, 4, [[0, 2]])], HERE);
    const standing = ledger.standing(LOG);
    expect(standing.map(({ from, to, state }) => [from, to, state])).toEqual([
      [0, 2, "final"],
      [4, 10, "provisional"],
    ]);
  });

  it("makes what the receiver lacks final, and drops what it has", async () => {
    const disk = new SimulatedDisk();
    const ledger = open(disk);
    await ledger.prepare();
    await ledger.change({ entries: [entry(0, 10, { state: "provisional" })] });
    await ledger.resolve([word(0, 10, [[2, 4], [8, 10]])], HERE);
    const standing = open(disk).standing(LOG);
    expect(standing.map(({ from, to, count, bytes, state }) => [from, to, count, bytes, state]))
      .toEqual([[2, 4, 2, 200, "final"], [8, 10, 2, 200, "final"]]);
    expect(await ledger.resolve([word(0, 10, [])], HERE)).toEqual([]);
  });

  it("takes an entry out once, however many answers of pipelined requests name it", async () => {
    const disk = new SimulatedDisk();
    const ledger = open(disk);
    await ledger.prepare();
    await ledger.change({ entries: [entry(0, 10, { state: "provisional" })] });
    const words = [word(0, 10, [[0, 10]])];
    await Promise.all([ledger.resolve(words, HERE), ledger.resolve(words, HERE)]);
    expect(ledger.standing(LOG)).toHaveLength(1);
    expect(open(disk).standing(LOG)).toHaveLength(1);
  });
});

describe("Ledger.reverse()", () => {
  it("keeps the entry, which counts no longer", async () => {
    const ledger = open(new SimulatedDisk());
    await ledger.prepare();
    const [made] = await ledger.change({ entries: [entry(0, 10)] });
    await ledger.reverse(made!.id);
    expect(ledger.standing(LOG)).toEqual([]);
    expect(ledger.of(LOG)).toMatchObject([{ from: 0, to: 10, state: "reversed" }]);
  });
});

describe("Ledger.forgetVoids()", () => {
  it("drops those below the watermark given, and no others", async () => {
    const ledger = open(new SimulatedDisk());
    await ledger.prepare();
    await ledger.change({ void: { logId: LOG, from: 0, to: 10 } });
    await ledger.change({ void: { logId: LOG, from: 20, to: 30 } });
    await ledger.change({ void: { logId: "f".repeat(16), from: 0, to: 5 } });
    ledger.forgetVoids((logId) => logId === LOG ? 15 : undefined);
    expect(ledger.voids().map(({ from }) => from)).toEqual([20, 0]);
  });
});
