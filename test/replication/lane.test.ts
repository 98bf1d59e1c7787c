/**
 * One lane over a real partition: what it reads, when it breaks, and where it goes on. The receiver
 * is played by hand.
 */
import { describe, expect, it } from "vitest";
import type { LogStanding } from "../../src/protocol/replication/announce.ts";
import { Lane } from "../../src/replication/lane.ts";
import { StoreBooks } from "../../src/replication/store_books.ts";
import { append, openStore } from "../support/stores.ts";

async function laneWith(...counts: number[]) {
  const { store } = await openStore();
  const [log] = (await store.createTopic("logs")).partitions;
  const publish = (count: number) =>
    append(store, log!, Array.from({ length: count }, (_, at) => `v${at}`));
  for (const count of counts) await publish(count);
  const books = new StoreBooks(store, "gateway");
  const lane = new Lane(log!, books.of(log!), 0);
  const standings = (held: number): Map<string, LogStanding> => {
    const { logId } = store.logs.chain("logs", 0).at(-1)!;
    return new Map([[logId, { logId, held, settled: held }]]);
  };
  const resume = (held: number) => {
    lane.toAnnounce();
    lane.resume(standings(held));
  };
  return { store, log: log!, lane, publish, standings, resume };
}

describe("Lane", () => {
  it("announces before it sends, and sends from what the receiver holds", async () => {
    const { lane, standings, resume } = await laneWith(3, 4);
    expect([lane.stale, lane.ready]).toEqual([true, false]);
    expect(lane.toAnnounce()).toMatchObject([{ firstOffset: 0, endOffset: 7 }]);
    resume(3);
    expect([lane.stale, lane.ready, lane.pending, lane.forwarded]).toEqual([false, true, 4, 3]);
    const load = await lane.load(1 << 20);
    expect(load).toMatchObject({ records: 4, to: 7, ends: [{ offset: 7 }] });
    expect([lane.ready, lane.pending, lane.lag]).toEqual([false, 0, 4]);
    expect(lane.answered(load!, standings(7))).toBe(true);
    expect([lane.forwarded, lane.lag]).toEqual([7, 0]);
  });

  it("moves on only over what is held, in order, when answers overtake each other", async () => {
    const { lane, standings, resume } = await laneWith(3, 4);
    resume(0);
    const first = await lane.load(1);
    const second = await lane.load(1);
    expect(lane.answered(second!, standings(7))).toBe(true);
    // What is held up to 7 is held up to 3.
    expect(lane.forwarded).toBe(7);
    lane.answered(first!, standings(3));
    expect([lane.forwarded, lane.ready, lane.stale]).toEqual([7, false, false]);
  });

  it("breaks when a load fails, and is stale once nothing is under way", async () => {
    const { lane, standings, publish, resume } = await laneWith(3, 4);
    resume(0);
    const first = await lane.load(1);
    const second = await lane.load(1);
    lane.failed(first!);
    expect([lane.stale, lane.ready]).toEqual([false, false]);
    await publish(1);
    expect(lane.ready).toBe(false);
    lane.answered(second!, standings(0));
    expect(lane.stale).toBe(true);
    expect(lane.toAnnounce()).toHaveLength(1);
    resume(3);
    expect(await lane.load(1 << 20)).toMatchObject({ records: 5, to: 8 });
  });

  it("breaks when the receiver holds less than it was sent", async () => {
    const { lane, standings, resume } = await laneWith(3);
    resume(0);
    const load = await lane.load(1 << 20);
    lane.answered(load!, standings(1));
    expect(lane.stale).toBe(true);
  });

  it("announces everything again when the session was forgotten", async () => {
    const { lane, resume } = await laneWith(3);
    resume(3);
    expect(lane.toAnnounce()).toEqual([]);
    lane.forget();
    expect([lane.stale, lane.toAnnounce().length]).toEqual([true, 1]);
  });

  it("goes back when the receiver lost what it held", async () => {
    const { lane, resume } = await laneWith(3, 4);
    resume(7);
    expect([lane.ready, lane.forwarded]).toEqual([false, 7]);
    lane.forget();
    resume(3);
    expect([lane.ready, lane.forwarded]).toEqual([true, 3]);
  });

  it("stays stale while a log of it is refused", async () => {
    const { lane } = await laneWith(3);
    lane.toAnnounce();
    lane.resume(new Map());
    expect([lane.stale, lane.ready]).toEqual([true, false]);
  });

  it("sends skips for what was evicted, even with nothing else to send", async () => {
    const { store, log, lane, standings, resume } = await laneWith(3);
    const { logId } = store.logs.chain("logs", 0)[0]!;
    const facts = { count: 3, bytes: 300, minTimestamp: 1, maxTimestamp: 2 };
    const entry = { ...facts, logId, topic: "logs", partition: 0, from: 0, to: 3 };
    await store.ledger.change({ entries: [{ ...entry, reason: "evicted", state: "provisional" }] });
    log.setLogStart(3);
    resume(0);
    expect(lane.ready).toBe(true);
    const load = await lane.load(1 << 20);
    expect(load).toMatchObject({ records: 0, skips: 1, questions: [{ from: 0, to: 3 }] });
    lane.answered(load!, standings(3));
    expect([lane.forwarded, lane.ready]).toEqual([3, false]);
  });

  it("cuts a batch anew where the receiver stands inside it", async () => {
    const { lane, standings, resume } = await laneWith(3, 2);
    resume(1);
    const load = await lane.load(1 << 20);
    expect(load).toMatchObject({ records: 4, to: 5, mode: "strict" });
    lane.answered(load!, standings(5));
    expect([lane.forwarded, lane.stale]).toEqual([5, false]);
  });

  it("refuses to go on inside a batch that cannot be cut", async () => {
    const { lane, log, resume } = await laneWith(3);
    const read = log.read.bind(log);
    log.read = async (...args) => {
      const page = await read(...args);
      // What a client compressed with gzip stays as it is.
      for (const batch of page.batches) batch[22] = 1;
      return page;
    };
    resume(1);
    await expect(lane.load(1 << 20)).rejects.toMatchObject({ code: "lane_out_of_order" });
    expect(lane.stale).toBe(true);
  });
});
