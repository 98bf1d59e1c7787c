import { describe, expect, it } from "vitest";
import { TAIL_PIECE_BYTES, TAIL_SLICE_BYTES_MAX } from "../../../src/base/tail_limits.ts";
import { placeAt, placeOfCursor } from "../../../src/egress/tail/tail_place.ts";
import { readSlice } from "../../../src/egress/tail/tail_slice.ts";
import { RecordFilter } from "../../../src/egress/record_filter.ts";
import { Query } from "../../../src/protocol/http/query.ts";
import { eventsIn, openTailWorld, told } from "../../support/tail_world.ts";

describe("readSlice()", () => {
  it("gives every record once, each partition in its order, wherever it begins", async () => {
    const { scope, options, put } = await openTailWorld({ partitions: 3 });
    await put(0, "a0", "a1");
    await put(1, "b0");
    await put(0, "a2");
    const earliest = placeAt(scope, "earliest");
    const orders = [0, 1, 2].map(async (turn) => {
      const { pieces, place } = await readSlice(earliest, { ...options, scope, turn });
      expect(place).toEqual(placeAt(scope, "latest"));
      return told(eventsIn(pieces));
    });
    const [first, second] = await Promise.all(orders);
    expect(first).toEqual(["a0", "a1", "a2", "b0"]);
    expect(second).toEqual(["b0", "a0", "a1", "a2"]);
  });

  it("puts behind each piece where its reader stands: going on from there has the rest", async () => {
    const { scope, options, put } = await openTailWorld({ partitions: 2 });
    const large = "x".repeat(TAIL_PIECE_BYTES / 3);
    for (let at = 0; at < 8; at++) await put(at % 2, `${at}${large}`);
    const { pieces } = await readSlice(placeAt(scope, "earliest"), { ...options, scope, turn: 0 });
    expect(pieces.length).toBeGreaterThan(3);
    const all = told(eventsIn(pieces));
    for (const [at, { after }] of pieces.entries()) {
      const rest = await readSlice(after, { ...options, scope, turn: 0 });
      const seen = told(eventsIn(pieces.slice(0, at + 1)));
      expect([...seen, ...told(eventsIn(rest.pieces))].sort()).toEqual([...all].sort());
      const last = eventsIn(pieces.slice(0, at + 1)).at(-1)!;
      expect(placeOfCursor(scope, last.lastEventId)).toEqual(after);
    }
  });

  it("stops where it is told to, within a batch too", async () => {
    const { scope, options, put } = await openTailWorld();
    await put(0, "a", "b", "c", "d");
    const upTo = [{ epoch: 0, offset: 3 }];
    const { pieces, place } = await readSlice([{ epoch: 0, offset: 1 }], {
      ...{ ...options, scope, upTo, turn: 0 },
    });
    expect(told(eventsIn(pieces))).toEqual(["b", "c"]);
    expect(place[0]!.offset).toBe(3);
  });

  it("names what retention took before it was read, and goes on behind it", async () => {
    const { scope, options, store, topic, put } = await openTailWorld();
    await put(0, "a", "b");
    await put(0, "c");
    const earliest = placeAt(scope, "earliest");
    await store.space.wipe(topic.partitions[0]!, 2);
    const first = await readSlice(earliest, { ...options, scope, turn: 0 });
    expect(told(eventsIn(first.pieces))).toEqual(["gap 0-2 retention"]);
    expect(first.gaps).toBe(1);
    const next = await readSlice(first.place, { ...options, scope, turn: 0 });
    expect(told(eventsIn(next.pieces))).toEqual(["c"]);
  });

  it("moves on where a filter wants nothing of it", async () => {
    const { scope, options, put } = await openTailWorld();
    await put(0, "a", "b");
    const filter = RecordFilter.ofQuery(new Query("/?contains=zzz", ["contains"]));
    const { pieces, place } = await readSlice(placeAt(scope, "earliest"), {
      ...{ ...options, filter, scope, turn: 0 },
    });
    expect(pieces).toEqual([]);
    expect(place).toEqual(placeAt(scope, "latest"));
  });

  it("cuts a batch that is too much at once, and has its rest the next time", async () => {
    const { scope, options, put } = await openTailWorld();
    const value = "y".repeat(TAIL_SLICE_BYTES_MAX / 4);
    await put(0, ...["0", "1", "2", "3", "4", "5"].map((nth) => nth + value));
    const seen: string[] = [];
    let place = placeAt(scope, "earliest");
    for (let slices = 0; seen.length < 6; slices++) {
      expect(slices).toBeLessThan(6);
      const slice = await readSlice(place, { ...options, scope, turn: 0 });
      expect(slice.pieces.reduce((sum, { bytes }) => sum + bytes.length, 0))
        .toBeLessThan(2 * TAIL_SLICE_BYTES_MAX);
      seen.push(...told(eventsIn(slice.pieces)).map((text) => text[0]!));
      place = slice.place;
    }
    expect(seen).toEqual(["0", "1", "2", "3", "4", "5"]);
  });
});
