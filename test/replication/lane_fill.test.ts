/** One load from a real partition: what goes into it, and where it ends. */
import { describe, expect, it } from "vitest";
import { LaneFill } from "../../src/replication/lane_fill.ts";
import { LaneLogs } from "../../src/replication/lane_logs.ts";
import { Load } from "../../src/replication/load.ts";
import { StoreBooks } from "../../src/replication/store_books.ts";
import { Stream } from "../../src/replication/stream.ts";
import { append, openStore } from "../support/stores.ts";

async function partition(...counts: number[]) {
  const { store } = await openStore();
  const [log] = (await store.createTopic("logs")).partitions;
  for (const count of counts) {
    await append(store, log!, Array.from({ length: count }, (_, at) => `v${at}`));
  }
  const logs = new LaneLogs(new StoreBooks(store, "gateway").of(log!));
  logs.refresh();
  const [cursor] = [...logs.all()];
  cursor!.restart({ logId: cursor!.logId, held: 0, settled: 0 });
  const fill = async (stream: Stream, isLive = false, bytesMax = 1 << 20) => {
    const load = new Load(stream.cursor, isLive ? "live" : "strict");
    const common = { name: "logs/0", log: log!, logs, stream, isLive, islands: true };
    const end = await new LaneFill(load, { ...common, isWanted: () => true }).run({ bytesMax });
    return { load, end };
  };
  return { store, log: log!, cursor: cursor!, fill };
}

function openingsOf(load: Load): number[] {
  const openings: number[] = [];
  load.write({
    ...{ end: () => {}, batches: () => {}, skip: () => {} },
    open: ({ offset }) => openings.push(offset),
  });
  return openings;
}

describe("LaneFill", () => {
  it("brings what is there, up to where the stream ends", async () => {
    const { fill, cursor } = await partition(3, 4, 5);
    const stream = new Stream(0);
    stream.until = 7;
    const { load, end } = await fill(stream);
    expect([load.records, load.to, load.mode, end.kind]).toEqual([7, 7, "strict", "read"]);
    expect(cursor.sent).toBe(7);
  });

  it("opens an island where a live stream begins, and goes on with it", async () => {
    const { fill, cursor } = await partition(3, 4, 5);
    const stream = new Stream(3);
    const { load } = await fill(stream, true, 1);
    expect([load.records, load.to, load.mode]).toEqual([4, 7, "live"]);
    expect([cursor.sent, cursor.sentFrom(3)]).toEqual([0, 7]);
    stream.cursor = 7;
    const { load: next } = await fill(stream, true);
    expect(openingsOf(next)).toEqual([3]);
    expect(cursor.sentFrom(3)).toBe(12);
  });

  it("passes over what another stream sent, without reading it", async () => {
    const { fill, cursor, log } = await partition(3, 4, 5);
    cursor.send(3, 12);
    const stream = new Stream(0);
    const { load } = await fill(stream);
    expect([load.records, load.to]).toEqual([3, 12]);
    stream.cursor = 3;
    log.read = () => Promise.reject(new Error("nothing is to be read"));
    expect((await fill(stream)).load).toMatchObject({ empty: true, to: 12, held: false });
  });

  it.each([false, true])("sends what another way did not bring (live: %s)", async (isLive) => {
    const { fill, cursor } = await partition(12);
    cursor.restart({ logId: cursor.logId, held: 1, islands: [{ from: 7, to: 8 }], settled: 0 });
    const { load } = await fill(new Stream(0), isLive);
    expect([load.records, load.to, load.mode]).toEqual([10, 12, isLive ? "live" : "strict"]);
    expect([cursor.sent, openingsOf(load)]).toEqual([12, isLive ? [1, 8] : []]);
    expect([load.brings(cursor.logId, { from: 0, to: 1 }), load.held]).toEqual([false, false]);
    cursor.raise({ logId: cursor.logId, held: 12, settled: 0 });
    expect(load.held).toBe(true);
  });

  it("says where a live stream has a gap, once what is before it went", async () => {
    const { fill, log } = await partition(3, 4, 5);
    const read = log.read.bind(log);
    log.read = async (offset, options) => {
      const { batches, nextOffset, gaps } = await read(offset, options);
      return { batches: batches.filter((_, at) => offset > 0 || at !== 1), nextOffset, gaps };
    };
    const stream = new Stream(0);
    expect((await fill(stream, true)).load).toMatchObject({ to: 3, empty: false });
    stream.cursor = 3;
    log.read = () => Promise.resolve({ batches: [], nextOffset: 7, gaps: [] });
    expect((await fill(stream, true)).end).toEqual({ kind: "gap", at: 7 });
  });

  it("goes on behind what was evicted, and says that it is gone", async () => {
    const { fill, log } = await partition(3, 4);
    log.setLogStart(3);
    const { load } = await fill(new Stream(0));
    expect(load.questions).toMatchObject([{ from: 0, to: 3, reason: "lost_at_receiver" }]);
    expect([load.records, load.to]).toEqual([4, 7]);
  });

  it("stops at a log the receiver was not told of", async () => {
    const { fill, cursor } = await partition(3);
    cursor.announced = false;
    const { load, end } = await fill(new Stream(0));
    expect([end.kind, load.empty]).toEqual(["unannounced", true]);
  });
});
