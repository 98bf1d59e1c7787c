/** What a lane puts into a request: what it reaches, what it asks, and how it is laid out. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import {
  AppendWriter,
  decodeAppend,
  type Frame,
  NO_FACTS,
} from "../../src/protocol/replication/append_frames.ts";
import { Load, LOAD_SKIPS_MAX } from "../../src/replication/load.ts";
import { LogCursor } from "../../src/replication/log_cursor.ts";

const crc32c = () => 7;
const cursorOf = (firstOffset = 0) =>
  new LogCursor({
    logId: "00000000000000aa",
    gateway: "gateway",
    topic: "logs",
    partition: 0,
    firstOffset,
    predecessor: null,
    predecessorEnd: 0,
    root: "00000000000000aa",
  }, { own: true, acknowledged: null });
const skipOf = (from: number, to: number, ledgered = true) => ({
  from,
  to,
  reason: "evicted" as const,
  facts: NO_FACTS,
  ledgered,
});

describe("Load", () => {
  it("is held once the receiver holds the end of each of its logs", () => {
    const cursor = cursorOf();
    const load = new Load(0);
    load.batch(cursor, utf8("abc"), { from: 0, to: 4 });
    load.batch(cursor, utf8("def"), { from: 4, to: 9 });
    expect(load).toMatchObject({ bytes: 6, records: 9, held: false, empty: false });
    expect(cursor.sent).toBe(9);
    cursor.raise({ logId: cursor.logId, held: 9, settled: 9 });
    expect(load.held).toBe(true);
  });

  it("says first where its logs end", () => {
    const cursor = cursorOf();
    const load = new Load(0);
    const end = { logId: cursor.logId, offset: 12 };
    load.ends = [end];
    expect(load.empty).toBe(true);
    load.batch(cursor, utf8("abc"), { from: 0, to: 3 });
    const writer = new AppendWriter(crc32c);
    writer.lane("logs/0", "strict", 0);
    load.write(writer);
    expect(decodeAppend(writer.finish(), crc32c)[0]!.frames).toEqual([
      { kind: "end", end },
      { kind: "batches", bytes: utf8("abc") },
    ]);
  });

  it("lays out neighbours as one frame, and keeps skips where they belong", () => {
    const cursor = cursorOf();
    const load = new Load(0);
    const buffer = utf8("abcdef");
    load.batch(cursor, buffer.subarray(0, 3), { from: 0, to: 3 });
    load.batch(cursor, buffer.subarray(3), { from: 3, to: 6 });
    load.skip(cursor, skipOf(6, 8));
    load.batch(cursor, utf8("ghi"), { from: 8, to: 9 });
    const writer = new AppendWriter(crc32c);
    writer.lane("logs/0", "strict", 0);
    load.write(writer);
    const [lane] = decodeAppend(writer.finish(), crc32c);
    expect(
      lane!.frames.map((frame) =>
        frame.kind === "batches" ? new TextDecoder().decode(frame.bytes) : toOf(frame)
      ),
    ).toEqual(["abcdef", 8, "ghi"]);
  });

  it("knows what the ledger must have first, and what the receiver must answer", () => {
    const cursor = cursorOf();
    const load = new Load(0);
    load.skip(cursor, skipOf(0, 2));
    load.skip(cursor, skipOf(2, 4, false));
    load.skip(cursor, { ...skipOf(4, 5, false), reason: "void" });
    expect(load.unledgered.map(({ from }) => from)).toEqual([2]);
    expect(load.questions.map(({ from }) => from)).toEqual([0, 2]);
    expect(load.asks({ logId: cursor.logId, from: 2, to: 4 })).toBe(true);
    expect(load.asks({ logId: cursor.logId, from: 4, to: 5 })).toBe(false);
  });

  it("asks about what was passed without moving on", () => {
    const cursor = cursorOf();
    cursor.raise({ logId: cursor.logId, held: 20, settled: 20 });
    const load = new Load(20);
    load.ask(cursor, skipOf(5, 9));
    expect(cursor.sent).toBe(20);
    expect(load).toMatchObject({ held: true, empty: false });
  });

  it("says to version 1 what it has no words for in others", () => {
    const cursor = cursorOf();
    const load = new Load(0, "strict", 1);
    load.skip(cursor, { ...skipOf(0, 2, false), reason: "elsewhere" });
    load.skip(cursor, { ...skipOf(2, 4), reason: "wiped" });
    const writer = new AppendWriter(crc32c);
    writer.lane("logs/0", "strict", 0);
    load.write(writer);
    const [lane] = decodeAppend(writer.finish(), crc32c);
    expect(lane!.frames.map((frame) => frame.kind === "skip" && frame.skip.reason)).toEqual([
      "void",
      "evicted",
    ]);
    expect(load.unledgered).toEqual([]);
  });

  it("is done with what goes otherwise only once that is held, too", () => {
    const cursor = cursorOf();
    cursor.send(0, 4);
    const load = new Load(0);
    load.need(cursor, { from: 0, to: 4 });
    load.batch(cursor, utf8("abc"), { from: 4, to: 6 });
    cursor.raise({ logId: cursor.logId, held: 0, settled: 0, islands: [{ from: 4, to: 6 }] });
    expect([load.taken, load.held]).toEqual([true, false]);
    cursor.raise({ logId: cursor.logId, held: 6, settled: 0 });
    expect(load.held).toBe(true);
    expect(load.brings(cursor.logId, { from: 4, to: 6 })).toBe(true);
    expect(load.brings(cursor.logId, { from: 0, to: 4 })).toBe(false);
  });

  it("is full after so many skips", () => {
    const cursor = cursorOf();
    const load = new Load(0);
    for (let at = 0; at < LOAD_SKIPS_MAX; at++) load.skip(cursor, skipOf(at, at + 1));
    expect(load.full).toBe(true);
  });
});

function toOf(frame: Frame): number | null {
  return frame.kind === "skip" ? frame.skip.to : null;
}
