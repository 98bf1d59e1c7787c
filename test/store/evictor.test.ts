/** What the evictor writes into the ledger: whose records, which, and none of them twice. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import type { TopicSettings } from "../../src/store/settings.ts";
import type { Store } from "../../src/store/store.ts";
import { readAll } from "../support/log_harness.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";
import { append, openStore, seededRandom } from "../support/stores.ts";

const settings = { compressionType: "none" } as const;

async function fill(store: Store, batches: number): Promise<void> {
  const log = store.topic("logs")!.partitions[0]!;
  for (let at = 0; at < batches; at++) await append(store, log, ["a", "b"]);
}

/** A position inside the batch that begins at `offset`, in a log of equal batches of two. */
function insideBatch(disk: SimulatedDisk, offset: number, batches: number): number {
  const { length } = disk.contents("logs-0/00000000000000000000.log");
  return (length / batches) * (offset / 2) + 40;
}

describe("Evictor.ledgerDamage()", () => {
  it("ledgers what recovery found damaged, once, however often it is found", async () => {
    const disk = new SimulatedDisk();
    const { store, world } = await openStore({ disk, hasUpstream: true });
    await store.createTopic("logs", settings);
    await fill(store, 10);
    const [own] = store.logs.chain("logs", 0);
    disk.flipBit("logs-0/00000000000000000000.log", insideBatch(disk, 8, 10), 3);
    for (let run = 0; run < 3; run++) {
      const { store: again } = await openStore({ ...world, random: seededRandom(run + 5) });
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect([...again.ledger.entries()]).toMatchObject([{
        logId: own!.logId,
        from: 8,
        to: 10,
        count: 2,
        reason: "corrupt",
        state: "provisional",
      }]);
      const log = again.topic("logs")!.partitions[0]!;
      const { values, gaps } = await readAll(again.core, log);
      expect(values.length).toBe(18);
      expect(gaps).toMatchObject([{ from: 8, to: 10, reason: "corrupt" }]);
    }
  });

  it("ledgers what a reader came upon, and not what was delivered before", async () => {
    const disk = new SimulatedDisk();
    const { store } = await openStore({ disk, hasUpstream: true });
    await store.createTopic("logs", settings);
    await fill(store, 10);
    store.forwarded.set("logs", 0, { held: 9, settled: 9 });
    disk.flipBit("logs-0/00000000000000000000.log", insideBatch(disk, 2, 10), 3);
    disk.flipBit("logs-0/00000000000000000000.log", insideBatch(disk, 8, 10), 3);
    await readAll(store.core, store.topic("logs")!.partitions[0]!);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect([...store.ledger.entries()]).toMatchObject([{ from: 9, to: 10, reason: "corrupt" }]);
  });
});

describe("Evictor.moveStart()", () => {
  it("parts a loss by the logs it belongs to, and leaves out what is ledgered already", async () => {
    const disk = new SimulatedDisk();
    const roomy = { segmentBytes: 300, retentionBytes: 1, retainUndelivered: false };
    const first = await openStore({ disk, hasUpstream: true });
    await first.store.createTopic("logs", { ...settings, ...roomy });
    await fill(first.store, 5);
    await first.store.close();
    const { store } = await openStore({ ...first.world, random: seededRandom(2) });
    await fill(store, 5);
    const [older, newer] = store.logs.chain("logs", 0);
    const entry = { logId: older!.logId, topic: "logs", partition: 0, from: 4, to: 6, count: 2 };
    const facts = { bytes: 0, minTimestamp: -1, maxTimestamp: -1 };
    await store.ledger.change({
      entries: [{ ...entry, ...facts, reason: "corrupt", state: "final" }],
    });
    await store.checkpoint();
    await store.checkpoint();
    await store.retain();
    const log = store.topic("logs")!.partitions[0]!;
    const entries = [...store.ledger.entries()].sort((a, b) => a.from - b.from);
    expect(entries.map(({ logId, from, to, reason }) => [logId, from, to, reason])).toEqual([
      [older!.logId, 0, 4, "retention"],
      [older!.logId, 4, 6, "corrupt"],
      [older!.logId, 6, 10, "retention"],
      [newer!.logId, 10, log.logStartOffset, "retention"],
    ]);
    expect(log.logStartOffset).toBeGreaterThan(10);
  });

  it("tells by their headers whose records go where those of several nodes lie together", async () => {
    const disk = new SimulatedDisk();
    const roomy = { segmentBytes: 300, retentionBytes: 1, retainUndelivered: false };
    const source = await openStore({ random: seededRandom(7) });
    await source.store.createTopic("logs", settings);
    await fill(source.store, 6);
    const [foreign] = source.store.logs.chain("logs", 0);
    const page = await source.store.topic("logs")!.partitions[0]!.read(0, { maxBytes: 1 << 20 });

    const { store } = await openStore({ disk, hasUpstream: true, random: seededRandom(8) });
    await store.createTopic("logs", { ...settings, ...roomy });
    const log = store.topic("logs")!.partitions[0]!;
    await store.ranges.announce({
      logId: foreign!.logId,
      peer: source.store.nodeId,
      gateway: "site",
      topic: "logs",
      partition: 0,
      firstOffset: 0,
      predecessor: null,
      predecessorEnd: 0,
      root: foreign!.root,
    });
    for (const [at, batch] of page.batches.entries()) {
      const { logId } = foreign!;
      const range = { from: 2 * at, to: 2 * at + 2 };
      store.ranges.note(logId, range.from, range.to);
      await new Promise<void>((resolve) => {
        const committed = () => {
          store.ranges.settle(logId, range, true, log.highWatermark);
          resolve();
        };
        log.appendReplicated(batch.slice(), { committed });
      });
      await fill(store, 1);
    }
    await store.checkpoint();
    await store.checkpoint();
    await store.retain();
    const gone = log.logStartOffset;
    expect(gone).toBeGreaterThan(12);
    const [own] = store.logs.chain("logs", 0);
    const counts = (logId: string) =>
      store.ledger.standing(logId).reduce((sum, { count }) => sum + count, 0);
    expect(counts(foreign!.logId) + counts(own!.logId)).toBe(gone);
    expect(store.ledger.standing(foreign!.logId)[0]).toMatchObject({ from: 0 });
  });
});

/** A relay that holds batches of two records, of as many gateways' logs as there are batches. */
async function relay(logIds: readonly string[], more: Partial<TopicSettings> = {}) {
  const disk = new SimulatedDisk();
  const { store, world } = await openStore({ disk, hasUpstream: true, random: seededRandom(8) });
  await store.createTopic("logs", { ...settings, ...more });
  const log = store.topic("logs")!.partitions[0]!;
  const ends = new Map<string, number>();
  for (const logId of logIds) {
    const from = ends.get(logId) ?? 0;
    if (from === 0) {
      await store.ranges.announce({
        ...{ logId, peer: "p".repeat(16), gateway: "site", topic: "logs", partition: 0 },
        ...{ firstOffset: 0, predecessor: null, predecessorEnd: 0, root: logId, pathKey: null },
      });
    }
    const range = { from, to: from + 2 };
    ends.set(logId, range.to);
    for (const text of ["a", "b"]) {
      store.core.append(SCRATCH, { timestamp: 1_000 + from, value: utf8(text) });
    }
    const stamp = { baseOffset: from, leaderEpoch: 1, logId, compression: "none" } as const;
    const batch = store.core.seal(SCRATCH, stamp);
    store.ranges.note(logId, range.from, range.to);
    await new Promise<void>((resolve) => {
      const committed = () => {
        store.ranges.settle(logId, range, true, log.highWatermark);
        resolve();
      };
      log.appendReplicated(batch, { committed });
    });
  }
  return { disk, store, world, log };
}

const SCRATCH = 77;
const logIdOf = (number: number) => number.toString(16).padStart(16, "0");

describe("Evictor at a relay", () => {
  it("ledgers damage among the records of one log by its log id and source offsets", async () => {
    const [one, other] = [logIdOf(1), logIdOf(2)];
    const { disk, store, log } = await relay([one, one, one, one, other, one, one]);
    disk.flipBit("logs-0/00000000000000000000.log", insideBatch(disk, 2, 7), 3);
    disk.flipBit("logs-0/00000000000000000000.log", insideBatch(disk, 8, 7), 3);
    await readAll(store.core, log);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const entries = [...store.ledger.entries()].map(({ logId, from, to }) => [logId, from, to]);
    expect(entries).toEqual([
      [one, 2, 4],
      // Before it lies one log, behind it the same, but as if nothing were missing of that.
      [null, 8, 10],
    ]);
  });

  it("makes a decision of more entries than one frame of the journal holds", async () => {
    const logIds = Array.from({ length: 2_500 }, (_, at) => logIdOf(at + 1));
    const { store, world, log } = await relay(logIds, { segmentBytes: 10_000 });
    const { records, ledgered } = await store.space.wipe(log, 4_600);
    expect([records, ledgered]).toEqual([4_600, 4_600]);
    const { store: again } = await openStore(world);
    for (const one of [store, again]) {
      expect(one.ledger.size).toBe(2_300);
      expect(one.topic("logs")!.partitions[0]!.logStartOffset).toBe(4_600);
      expect(one.ledger.standing(logIdOf(7))).toMatchObject([
        { from: 0, to: 2, count: 2, reason: "wiped", minTimestamp: 1_000, maxTimestamp: 1_000 },
      ]);
    }
  });
});
