import { describe, expect, it } from "vitest";
import { Load } from "../../src/replication/load.ts";
import { LogCursor } from "../../src/replication/log_cursor.ts";
import { Stream } from "../../src/replication/stream.ts";
import { judgeBatch } from "../../src/store/lane_rules.ts";
import { RangeSet } from "../../src/store/range_set.ts";

const logId = "00000000000000aa";
const cursorOf = () =>
  new LogCursor({
    logId,
    gateway: "gateway",
    topic: "logs",
    partition: 0,
    firstOffset: 0,
    predecessor: null,
    predecessorEnd: 0,
    root: logId,
  }, { own: true, acknowledged: null });

function loadOf(cursor: LogCursor, from: number, to: number): Load {
  const load = new Load(from);
  load.batch(cursor, new Uint8Array(4), { from, to });
  load.to = to;
  return load;
}

describe("Stream", () => {
  it("moves on over what is held, in its order", () => {
    const cursor = cursorOf();
    const stream = new Stream(0);
    stream.push(loadOf(cursor, 0, 4));
    stream.push(loadOf(cursor, 4, 9));
    cursor.raise({ logId, held: 0, settled: 0, islands: [{ from: 4, to: 9 }] });
    stream.settle();
    expect(stream.done).toBe(0);
    cursor.raise({ logId, held: 9, settled: 0 });
    stream.settle();
    expect(stream.done).toBe(9);
  });

  it("waits for what it passed over because another stream sent it", () => {
    const cursor = cursorOf();
    cursor.send(0, 5);
    const load = new Load(0);
    load.need(cursor, { from: 0, to: 5 });
    load.to = 5;
    const stream = new Stream(0);
    stream.push(load);
    expect(stream.done).toBe(0);
    cursor.raise({ logId, held: 5, settled: 5 });
    stream.settle();
    expect(stream.done).toBe(5);
  });

  it("is over once all below its end is held", () => {
    const stream = new Stream(3);
    expect(stream.over).toBe(false);
    stream.until = 3;
    expect(stream.over).toBe(true);
  });

  it("opens each piece of a log where the receiver takes it, and one behind each gap", () => {
    const cursor = cursorOf();
    const stream = new Stream(0);
    const received = new RangeSet(0);
    const openingOf = (from: number, to: number) => {
      const opening = stream.openingOf(cursor, { from, to });
      const standing = { logId, set: received, runs: 0, splices: 0 };
      expect(judgeBatch(standing, { from, to }, [opening]), `${from}`).toBe("append");
      cursor.send(from, to);
      received.add(from, to);
      return opening;
    };
    // Two streams of it came here by turns.
    expect(openingOf(100, 110)).toBe(100);
    expect(openingOf(50, 60)).toBe(50);
    expect(openingOf(110, 120)).toBe(100);
    expect(openingOf(60, 100)).toBe(50);
    expect(openingOf(120, 130)).toBe(100);
    expect(openingOf(140, 150)).toBe(140);
    expect(openingOf(150, 160)).toBe(140);
    // What is held already is passed over.
    cursor.send(160, 170);
    received.add(160, 170);
    expect(openingOf(170, 180)).toBe(140);
  });
});
