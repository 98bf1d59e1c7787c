/**
 * Received ranges across crashes. Method: a receiver takes the batches of two logs, and skips what
 * their sender will never send, while its disk is photographed at every step. On what a crash leaves
 * of each photograph, the ranges must say exactly what the log holds: nothing acknowledged less, and
 * nothing that is not there.
 */
import { describe, expect, it } from "vitest";
import { readBatchHeader } from "../../src/format/record_batch.ts";
import { RangeSet } from "../../src/store/range_set.ts";
import type { Store } from "../../src/store/store.ts";
import { MemoryCatalogue } from "../support/memory_catalogue.ts";
import { SimulatedDisk, type Snapshot } from "../support/simulated_disk.ts";
import { append, openStore, seededRandom } from "../support/stores.ts";

interface Source {
  readonly logId: string;
  readonly batches: readonly Uint8Array[];
}

/** A gateway's log, as batches of two records. */
async function source(seed: number, batches: number): Promise<Source> {
  const { store } = await openStore({ random: seededRandom(seed) });
  const topic = await store.createTopic("logs");
  for (let at = 0; at < batches; at++) await append(store, topic.partitions[0]!, ["a", "b"]);
  const page = await topic.partitions[0]!.read(0, { maxBytes: 1 << 24 });
  return { logId: store.logs.chain("logs", 0)[0]!.logId, batches: page.batches };
}

function announce(store: Store, { logId }: Source): Promise<void> {
  return store.ranges.announce({
    ...{ logId, peer: "a".repeat(16), gateway: "site", topic: "logs", partition: 0 },
    ...{ firstOffset: 0, predecessor: null, predecessorEnd: 0, root: logId },
  });
}

function receive(store: Store, { logId }: Source, batch: Uint8Array): Promise<void> {
  const { sourceOffset: from, lastOffset, baseOffset } = readBatchHeader(batch);
  const range = { from, to: from + lastOffset - baseOffset + 1 };
  const { target } = store.ranges.get(logId)!;
  const log = store.topic("logs")!.partitions[target.partition]!;
  if (store.ranges.judge(logId, range) === "duplicate") return Promise.resolve();
  store.ranges.note(logId, range.from, range.to);
  return new Promise((resolve, reject) => {
    log.appendReplicated(batch.slice(), {
      committed(_log, error) {
        store.ranges.settle(logId, range, error === null, log.highWatermark);
        if (error === null) resolve();
        else reject(error);
      },
    });
  });
}

/** What the log itself holds of a source. */
async function held(store: Store, logId: string): Promise<RangeSet> {
  const set = new RangeSet(0);
  for (const log of store.topic("logs")!.partitions) {
    const page = await log.read(0, { maxBytes: 1 << 24 });
    for (const batch of page.batches) {
      const header = readBatchHeader(batch);
      if (header.logId !== logId) continue;
      const to = header.sourceOffset + header.lastOffset - header.baseOffset + 1;
      expect(set.touches(header.sourceOffset, to), "no batch is there twice").toBe(false);
      set.add(header.sourceOffset, to);
    }
  }
  return set;
}

describe("openRanges()", () => {
  it("says exactly what the log holds, wherever a crash comes", async () => {
    const sources = await Promise.all([source(1, 24), source(2, 24)]);
    const disk = new SimulatedDisk();
    const live = new MemoryCatalogue();
    const random = seededRandom(3);
    const { store, world } = await openStore({
      ...{ disk, catalogue: live, random },
      settings: { checkpointBytes: 700, originJournalBytes: 1024, defaultPartitions: 3 },
    });
    const acknowledged = new Map<string, number>();
    const moments: {
      snapshot: Snapshot;
      catalogue: MemoryCatalogue;
      acknowledged: Map<string, number>;
    }[] = [];
    disk.onStep = () =>
      moments.push({
        snapshot: disk.snapshot(),
        catalogue: live.crashed(random),
        acknowledged: new Map(acknowledged),
      });
    await Promise.all(sources.map(async (each) => {
      await announce(store, each);
      for (const [at, batch] of each.batches.entries()) {
        if (at % 8 === 5) {
          const range = { from: 2 * at, to: 2 * at + 2 };
          const loss = { count: 2, bytes: 9, minTimestamp: 0, maxTimestamp: 0 };
          const skip = at === 5 ? { reason: "void", loss: null } : { reason: "evicted", loss };
          await store.ranges.skipRun(each.logId, [{ ...range, ...skip }], {});
        } else {
          await receive(store, each, batch);
        }
        acknowledged.set(each.logId, 2 * at + 2);
      }
    }));
    expect(moments.length).toBeGreaterThan(150);
    for (const [at, { snapshot, catalogue, acknowledged }] of moments.entries()) {
      if (at % 3 !== 0) continue;
      const dice = seededRandom(1_000 + at).next;
      const crashed = [SimulatedDisk.killed(snapshot), SimulatedDisk.crashed(snapshot, dice)];
      for (const [kind, disk] of crashed.entries()) {
        const where = `step ${snapshot.step}, ${kind === 0 ? "killed" : `seed ${1_000 + at}`}`;
        const copy = catalogue.crashed(seededRandom(at));
        const { store: again } = await openStore({ ...world, disk, catalogue: copy });
        for (const each of sources) {
          const known = again.ranges.get(each.logId);
          const watermark = known?.watermark ?? 0;
          expect(watermark, where).toBeGreaterThanOrEqual(acknowledged.get(each.logId) ?? 0);
          if (known === undefined) continue;
          const set = await held(again, each.logId);
          for (const { from, to } of known.lost) set.add(from, to);
          for (const { logId, from, to } of again.ledger.voids()) {
            if (logId === each.logId) set.add(from, to);
          }
          // A void that both checkpoints hold is not kept any longer.
          if (watermark > 12) set.add(10, 12);
          expect(set.watermark, where).toBe(watermark);
          // And the sender goes on where the ranges say.
          for (const [at, batch] of each.batches.entries()) {
            if (2 * at >= watermark) await receive(again, each, batch);
          }
          await held(again, each.logId);
          expect(again.ranges.get(each.logId)!.watermark, where).toBe(48);
        }
      }
    }
  });

  it("calls nothing lost that came and was given up here, as long as that may be upstream", async () => {
    const [{ logId, batches }, catalogue] = [await source(1, 4), new MemoryCatalogue()];
    const { store, world } = await openStore({ catalogue });
    await announce(store, { logId, batches });
    for (const batch of batches) await receive(store, { logId, batches }, batch);
    await store.checkpoint();
    const facts = { count: 2, bytes: 9, minTimestamp: 0, maxTimestamp: 0 };
    const entry = { logId, topic: "logs", partition: 0, reason: "retention" as const, ...facts };
    await store.ledger.change({
      entries: [
        { ...entry, from: 0, to: 2, state: "final" },
        { ...entry, from: 2, to: 4, state: "provisional" },
      ],
    });
    await store.close();
    const { store: again } = await openStore({ ...world, catalogue });
    const lost = [{ from: 0, to: 2, reason: "retention" }];
    expect(again.ranges.get(logId)).toMatchObject({ watermark: 8, lost });
  });
});
