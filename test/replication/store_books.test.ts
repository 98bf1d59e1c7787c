/** The books as lanes see them: identities, memories, and what becomes of a provisional entry. */
import { describe, expect, it } from "vitest";
import { NO_FACTS } from "../../src/protocol/replication/append_frames.ts";
import { StoreBooks } from "../../src/replication/store_books.ts";
import { append, openStore } from "../support/stores.ts";

async function withBooks() {
  const { store } = await openStore();
  const log = (await store.createTopic("logs")).partitions[0]!;
  await append(store, log, ["a", "b", "c"]);
  const { logId } = store.logs.chain("logs", 0)[0]!;
  const books = new StoreBooks(store, "gateway");
  return { store, log, logId, books, lane: books.of(log) };
}

describe("StoreBooks", () => {
  it("names own runs for this node, and knows whether others' may be here", async () => {
    const { store, logId, lane } = await withBooks();
    expect(lane.ownLogs()).toEqual([{
      logId,
      gateway: "gateway",
      topic: "logs",
      partition: 0,
      firstOffset: 0,
      predecessor: null,
      predecessorEnd: 0,
      root: logId,
      pathKey: store.logs.pathKeyOf(logId),
    }]);
    expect(lane.hasForeign()).toBe(false);
    const foreign = {
      logId: "00000000000000f0",
      gateway: "ferry-7",
      topic: "logs",
      partition: 3,
      firstOffset: 4,
      predecessor: null,
      predecessorEnd: 0,
      root: "00000000000000f0",
      pathKey: "a1".repeat(16),
    };
    await store.ranges.announce({ ...foreign, peer: "ferry" });
    expect(lane.hasForeign()).toBe(true);
    expect(lane.foreignLog(foreign.logId)).toEqual(foreign);
    expect(lane.foreignLog("00000000000000f1")).toBeNull();
  });

  it("tells where another node's log ends, less what will be told with its next record", async () => {
    const { store, lane } = await withBooks();
    const logId = "00000000000000f0";
    expect(lane.endHere!(logId)).toBeNull();
    await store.ranges.announce({
      ...{ logId, peer: "ferry", gateway: "ferry-7", topic: "logs", partition: 3, firstOffset: 4 },
      ...{ predecessor: null, predecessorEnd: 0, root: logId },
    });
    const skip = (from: number, to: number, reason: string, openings: readonly number[] | null) =>
      store.ranges.skipRun(logId, [{ from, to, reason, loss: null }], { peer: "ferry", openings });
    expect(lane.endHere!(logId)).toBe(4);
    store.ranges.note(logId, 4, 9);
    store.ranges.settle(logId, { from: 4, to: 9 }, true, 5);
    expect(lane.endHere!(logId)).toBe(9);
    await skip(9, 12, "elsewhere", null);
    expect(lane.endHere!(logId)).toBe(9);
    store.ranges.note(logId, 20, 25);
    store.ranges.settle(logId, { from: 20, to: 25 }, true, 10);
    expect(lane.endHere!(logId)).toBe(25);
    await skip(12, 13, "void", null);
    expect(lane.endHere!(logId)).toBeNull();
  });

  it("names where the upstream has to learn of what others gave up, and changes with it", async () => {
    const { store, books } = await withBooks();
    const logId = "00000000000000f0";
    await store.ranges.announce({
      ...{ logId, peer: "ferry", gateway: "ferry-7", topic: "logs", partition: 3, firstOffset: 0 },
      ...{ predecessor: null, predecessorEnd: 0, root: logId },
    });
    const { target: { topic, partition } } = store.ranges.get(logId)!;
    const before = books.changes;
    expect(books.owingPartitions()).toEqual(new Set());
    const loss = { count: 5, bytes: 9, minTimestamp: 1, maxTimestamp: 2 };
    await store.ranges.skipRun(logId, [{ from: 0, to: 5, reason: "evicted", loss }], {});
    expect(books.changes).not.toBe(before);
    expect(books.owingPartitions()).toEqual(new Set([`${topic}-${partition}`]));
    expect(books.of({ topic, index: partition, logStartOffset: 0 }).owing!()).toEqual([logId]);
    expect(books.of({ topic, index: partition + 1, logStartOffset: 0 }).owing!()).toEqual([]);
    store.forwarded.use("00000000000000e0");
    store.forwarded.setLog(topic, partition, logId, { held: 5, settled: 0 });
    expect(books.owingPartitions()).toEqual(new Set());
  });

  it("names what came of others and may have been handed on, where no batch may tell of it", async () => {
    const { store, log, books, lane } = await withBooks();
    const logs = ["00000000000000f0", "00000000000000f1", "00000000000000f2"] as const;
    for (const logId of logs) {
      await store.ranges.announce({
        ...{ logId, peer: logId, gateway: "ferry-7", topic: "logs", partition: 0, firstOffset: 4 },
        ...{ predecessor: null, predecessorEnd: 0, root: logId },
      });
    }
    const [forgotten, remembered] = logs;
    for (const logId of [forgotten, remembered]) {
      store.ranges.note(logId, 4, 9);
      store.ranges.settle(logId, { from: 4, to: 9 }, true, 5);
    }
    store.forwarded.setLog("logs", 0, remembered, { held: 9, settled: 9 });
    expect(lane.everAcknowledged!()).toEqual([remembered]);
    const evicted = books.of({ topic: log.topic, index: log.index, logStartOffset: 2 });
    expect(evicted.everAcknowledged!()).toEqual([remembered, forgotten]);
    store.forwarded.setLog("logs", 0, forgotten, { held: 9, settled: 9 });
    expect(evicted.everAcknowledged!()).toEqual([remembered, forgotten]);
    const other = books.of({ topic: log.topic, index: 1, logStartOffset: 2 });
    expect(other.everAcknowledged!()).toEqual([]);
  });

  it("resolves a provisional entry by what the receiver lacks of it", async () => {
    const { store, log, logId, books, lane } = await withBooks();
    await books.ledger(log, [{ logId, from: 0, to: 3, reason: "evicted", facts: NO_FACTS }]);
    expect(lane.provisional(logId)).toMatchObject([{ from: 0, to: 3 }]);
    await books.resolve(log, [{ logId, from: 0, to: 3, lacking: [{ from: 2, to: 3 }] }]);
    expect(lane.provisional(logId)).toEqual([]);
    expect([...store.ledger.entries()]).toMatchObject([{ from: 2, to: 3, state: "final" }]);
  });

  it("drops an entry for records that arrived after all", async () => {
    const { store, log, logId, books } = await withBooks();
    await books.ledger(log, [{ logId, from: 0, to: 3, reason: "evicted", facts: NO_FACTS }]);
    await books.resolve(log, [{ logId, from: 0, to: 3, lacking: [] }]);
    expect([...store.ledger.entries()]).toEqual([]);
  });
});
