/** Which skips go together: losses in a row at the watermark, and nothing that has to go alone. */
import { describe, expect, it } from "vitest";
import { RangeSet } from "../../src/store/range_set.ts";
import { newEntry } from "../../src/store/received_log.ts";
import {
  askedOf,
  lackingOf,
  type SkippedRange,
  skipRunOf,
  skipsOfOpen,
} from "../../src/store/skip_run.ts";

const target = { topic: "logs", partition: 0 };
const entryWith = (set: RangeSet) => newEntry({ logId: "a1", firstOffset: 0, target }, set);
const skip = (from: number, to: number, reason = "evicted"): SkippedRange => ({
  ...{ from, to, reason },
  loss: reason === "void" || reason === "elsewhere"
    ? null
    : { count: to - from, bytes: 10 * (to - from), minTimestamp: -1, maxTimestamp: -1 },
});
const options = { peer: "p", isLate: () => false };

describe("skipRunOf()", () => {
  it("takes losses in a row, each with what is lacking of it, and leaves the ranges alone", () => {
    const entry = entryWith(new RangeSet(5, [{ from: 8, to: 10 }]));
    const run = skipRunOf(entry, [skip(0, 4), skip(4, 6), skip(6, 12, "corrupt")], options);
    expect(run.lacking).toEqual([[], [{ from: 5, to: 6 }], [{ from: 6, to: 8 }, {
      from: 10,
      to: 12,
    }]]);
    expect(run.parts.map(({ from, to, reason, loss }) => [from, to, reason, loss!.bytes]))
      .toEqual([[5, 6, "evicted", 10], [6, 8, "corrupt", 20], [10, 12, "corrupt", 20]]);
    expect(entry.committed.watermark).toBe(5);
  });

  it.each(["void", "elsewhere"])("stops before what is %s", (reason) => {
    const skips = [skip(5, 6), skip(6, 7, reason), skip(7, 8)];
    expect(skipRunOf(entryWith(new RangeSet(5)), skips, options).lacking).toHaveLength(1);
    const alone = skipRunOf(entryWith(new RangeSet(6)), skips.slice(1), options);
    expect(alone).toEqual({ lacking: [], parts: [] });
  });

  it("stops before what is ahead of its turn, and before what lets something through", () => {
    const skips = [skip(5, 6), skip(7, 8)];
    expect(skipRunOf(entryWith(new RangeSet(5)), skips, options).lacking).toHaveLength(1);
    const isLate = ({ committed }: { committed: RangeSet }) => committed.watermark >= 6;
    const run = skipRunOf(entryWith(new RangeSet(5)), [skip(5, 6), skip(6, 7)], {
      ...options,
      isLate,
    });
    expect(run.lacking).toHaveLength(1);
  });

  it("takes none where something lies elsewhere, or came out of its order", () => {
    const open = entryWith(new RangeSet(5, [], [{ from: 1, to: 2, by: "q" }]));
    expect(skipRunOf(open, [skip(5, 6)], options).lacking).toEqual([]);
    const aside = entryWith(new RangeSet(5));
    aside.order = { done: 5, runs: [], late: [], splices: [] };
    expect(skipRunOf(aside, [skip(5, 6)], options).lacking).toEqual([]);
  });
});

describe("askedOf()", () => {
  it("tells those before all others of which everything is here, and nothing lies elsewhere", () => {
    const open = [{ from: 6, to: 7, by: "q" }];
    const entry = entryWith(new RangeSet(9, [{ from: 12, to: 14 }], open));
    const asked = (...skips: readonly SkippedRange[]) => askedOf(entry, skips).length;
    expect(asked(skip(0, 3), skip(12, 13))).toBe(2);
    expect(asked(skip(0, 3), skip(8, 10), skip(12, 14))).toBe(1);
    expect(asked(skip(5, 7))).toBe(0);
    expect(asked(skip(10, 12))).toBe(0);
  });
});

describe("skipsOfOpen()", () => {
  it("takes what lies elsewhere, but for what is on its way here", () => {
    const entry = entryWith(new RangeSet(9, [], [{ from: 2, to: 8, by: "q" }]));
    entry.noted = entry.committed.copy();
    entry.noted.add(2, 4);
    const lost = {
      ...{ id: 1, atMs: 0, logId: "a".repeat(16), topic: "logs", partition: 0, from: 0, to: 6 },
      ...{ count: 6, bytes: 0, minTimestamp: -1, maxTimestamp: -1 },
      ...{ reason: "lost_at_receiver" as const, state: "final" as const },
    };
    expect(skipsOfOpen(entry, lost)).toMatchObject([{ from: 4, to: 6, reason: lost.reason }]);
    expect(skipsOfOpen(undefined, lost)).toEqual([]);
  });
});

describe("lackingOf()", () => {
  it("tells what is not here, and refuses what is ahead of its turn", () => {
    const entry = entryWith(new RangeSet(5, [{ from: 8, to: 10 }]));
    const strict = { openings: null, peer: "p" };
    expect(lackingOf(entry, skip(4, 9), strict)).toEqual([{ from: 5, to: 8 }]);
    expect(lackingOf(entry, skip(4, 6, "elsewhere"), strict)).toEqual([{ from: 5, to: 6 }]);
    expect(() => lackingOf(entry, skip(6, 7), strict)).toThrow(/offset 5 comes next/);
    expect(entry.committed.watermark).toBe(5);
  });
});
