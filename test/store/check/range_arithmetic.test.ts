/** Against sets of numbers, with random ranges; the seed is in the message. */
import { expect, it } from "vitest";
import {
  countOf,
  minus,
  rangesOf,
  rangesOfSet,
  union,
  within,
} from "../../../src/store/check/range_arithmetic.ts";
import { RangeSet } from "../../../src/store/range_set.ts";
import { diceOf } from "../../support/dice.ts";

const offsetsOf = (ranges: readonly { from: number; to: number }[]) => {
  const offsets = new Set<number>();
  for (const { from, to } of ranges) for (let at = from; at < to; at++) offsets.add(at);
  return offsets;
};

it("does with ranges what sets do with offsets", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const dice = diceOf(seed);
    const some = () =>
      Array.from({ length: Math.floor(dice() * 6) }, () => {
        const from = Math.floor(dice() * 40);
        return { from, to: from + Math.floor(dice() * 10) };
      });
    const [a, b] = [some(), some()];
    const [x, y] = [rangesOf(a), rangesOf(b)];
    const [p, q] = [offsetsOf(a), offsetsOf(b)];
    expect(offsetsOf(minus(x, y)), `seed ${seed}`).toEqual(p.difference(q));
    expect(offsetsOf(within(x, y)), `seed ${seed}`).toEqual(p.intersection(q));
    expect(offsetsOf(union(x, y)), `seed ${seed}`).toEqual(p.union(q));
    expect(countOf(x), `seed ${seed}`).toBe(p.size);
    for (let at = 1; at < x.length; at++) expect(x[at]!.from).toBeGreaterThan(x[at - 1]!.to);
  }
});

it("takes over a range set", () => {
  expect(rangesOfSet(new RangeSet(0, [{ from: 5, to: 7 }]))).toEqual([{ from: 5, to: 7 }]);
  expect(rangesOfSet(new RangeSet(3, [{ from: 5, to: 7 }]))).toHaveLength(2);
});
