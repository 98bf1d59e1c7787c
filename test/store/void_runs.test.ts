/** Void offsets, counted per run of what is here, against a set of single offsets. */
import { describe, expect, it } from "vitest";
import { RangeSet } from "../../src/store/range_set.ts";
import { VoidRuns } from "../../src/store/void_runs.ts";
import { diceOf } from "../support/dice.ts";

describe("VoidRuns", () => {
  it("counts below what is contiguous, and of each run above it", () => {
    const runs = VoidRuns.of(5, new RangeSet(10, [{ from: 20, to: 25 }]));
    expect(runs.all).toEqual([{ from: 5, to: 10, voids: 0 }, { from: 20, to: 25, voids: 0 }]);
    runs.add(25, 28, true);
    expect([runs.total, runs.below(10), runs.below(28)]).toEqual([3, 0, 3]);
    runs.add(10, 12, true);
    expect([runs.below(12), runs.total]).toEqual([2, 5]);
    runs.add(12, 20, false);
    expect(runs.all).toEqual([{ from: 5, to: 28, voids: 5 }]);
  });

  it("leaves out what lies elsewhere until it comes", () => {
    const runs = VoidRuns.of(0, new RangeSet(10, [], [{ from: 4, to: 6, by: "p" }]));
    expect(runs.all.map(({ from, to }) => [from, to])).toEqual([[0, 4], [6, 10]]);
    runs.add(4, 6, true);
    expect(runs.all).toEqual([{ from: 0, to: 10, voids: 2 }]);
  });

  it("agrees with single offsets, whatever comes in whatever order", () => {
    const dice = diceOf(7);
    for (let round = 0; round < 50; round++) {
      const set = new RangeSet(0);
      const runs = VoidRuns.of(0, set);
      const voids = new Set<number>();
      for (let step = 0; step < 40; step++) {
        const from = Math.floor(dice() * 100);
        const to = from + 1 + Math.floor(dice() * 8);
        const isVoid = dice() < 0.5;
        for (const range of set.lacking(from, to)) {
          runs.add(range.from, range.to, isVoid);
          for (let at = range.from; isVoid && at < range.to; at++) voids.add(at);
        }
        set.add(from, to);
        const below = [...voids].filter((at) => at < set.watermark).length;
        expect([runs.total, runs.below(set.watermark)]).toEqual([voids.size, below]);
      }
    }
  });
});
