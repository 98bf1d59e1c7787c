import { describe, expect, it } from "vitest";
import { Load } from "../../src/replication/load.ts";
import { LogCursor } from "../../src/replication/log_cursor.ts";
import { Stream } from "../../src/replication/stream.ts";

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
});
