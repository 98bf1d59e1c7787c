import { describe, expect, it } from "vitest";
import { type LossBook, lossNamer } from "../../src/egress/ledgered_losses.ts";

type Log = NonNullable<ReturnType<LossBook["get"]>>;

const bookOf = (logs: Record<string, Partial<Log>>): LossBook => ({
  get: (logId) =>
    logs[logId] &&
    { lost: [], firstOffset: 0, predecessor: null, predecessorEnd: 0, ...logs[logId] },
});
const lost = (from: number, to: number, reason = "evicted") => ({ from, to, reason });
const batch = (logId: string, sourceOffset: number, count: number, baseOffset = 1_000) => ({
  ...{ logId, sourceOffset, baseOffset, lastOffset: baseOffset + count - 1 },
});
const gap = (log_id: string, from: number, to: number, reason = "evicted", at = 1_000) => ({
  ...{ from: at, to: at, reason },
  source: { log_id, from, to },
});

describe("lossNamer()", () => {
  it("names what was lost right before the first batch of a log", () => {
    const before = lossNamer(bookOf({ a: { lost: [lost(5, 9), lost(9, 10, "wiped")] } }));
    expect(before(batch("a", 10, 3))).toEqual([gap("a", 5, 9), gap("a", 9, 10, "wiped")]);
  });

  it("names what was lost between two batches of a page, whatever else lies there", () => {
    const before = lossNamer(bookOf({ a: { lost: [lost(12, 14)] } }));
    expect(before(batch("a", 0, 10))).toEqual([]);
    expect(before(batch("a", 20, 1))).toEqual([gap("a", 12, 14)]);
    expect(before(batch("a", 21, 1))).toEqual([]);
  });

  it("goes back through the runs before, where one begins", () => {
    const before = lossNamer(bookOf({
      c: { firstOffset: 20, predecessor: "b", predecessorEnd: 20 },
      b: { firstOffset: 10, predecessor: "a", predecessorEnd: 10, lost: [lost(10, 20)] },
      a: { lost: [lost(3, 10, "corrupt"), lost(0, 2)] },
    }));
    expect(before(batch("c", 20, 1))).toEqual([gap("a", 3, 10, "corrupt"), gap("b", 10, 20)]);
    expect(before(batch("a", 10, 1))).toEqual([gap("a", 3, 10, "corrupt")]);
  });

  it("says nothing of own logs, of what came whole, and of what was lost elsewhere", () => {
    const before = lossNamer(bookOf({ a: { lost: [lost(3, 5)] } }));
    expect(before(batch("own", 5, 1))).toEqual([]);
    expect(before(batch("a", 6, 1))).toEqual([]);
    expect(before(batch("a", 7, 1))).toEqual([]);
    expect(before(batch("a", 2, 1))).toEqual([]);
  });

  it("ends, whatever chain it is told of", () => {
    const before = lossNamer(bookOf({
      a: { firstOffset: 5, predecessor: "b", predecessorEnd: 5 },
      b: { firstOffset: 5, predecessor: "a", predecessorEnd: 5 },
    }));
    expect(before(batch("a", 5, 1))).toEqual([]);
  });
});
