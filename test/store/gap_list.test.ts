import { expect, it } from "vitest";
import { GapList } from "../../src/store/gap_list.ts";

const gap = (from: number, to: number) => ({ from, to, reason: "corrupt" as const });

it("add() keeps gaps in order, and joins those that touch", () => {
  const gaps = new GapList([gap(10, 20), gap(30, 40)]);
  expect(gaps.add(gap(0, 5))).toBe(true);
  expect(gaps.add(gap(20, 25))).toBe(true);
  expect(gaps.all).toEqual([gap(0, 5), gap(10, 25), gap(30, 40)]);
  gaps.add(gap(24, 31));
  expect(gaps.all).toEqual([gap(0, 5), gap(10, 40)]);
});

it("add() tells what is news from what is known", () => {
  const gaps = new GapList([gap(10, 20)]);
  expect(gaps.add(gap(12, 20))).toBe(false);
  expect(gaps.add(gap(5, 5))).toBe(false);
  expect(gaps.all).toEqual([gap(10, 20)]);
  expect([gaps.covers(gap(10, 20)), gaps.covers(gap(19, 21)), gaps.covers(gap(0, 1))])
    .toEqual([true, false, false]);
});

it("at() finds the gap that holds an offset", () => {
  const gaps = new GapList([gap(10, 20), gap(30, 40)]);
  expect([9, 10, 19, 20, 35].map((offset) => gaps.at(offset)?.from))
    .toEqual([undefined, 10, 10, undefined, 30]);
});

it("trim() forgets what ended", () => {
  const gaps = new GapList([gap(10, 20), gap(30, 40)]);
  gaps.trim(20);
  expect(gaps.all).toEqual([gap(30, 40)]);
  gaps.trim(39);
  expect(gaps.all).toEqual([gap(30, 40)]);
});

it("remove() leaves what is still missing on either side", () => {
  const gaps = new GapList([gap(0, 5), gap(10, 20), gap(30, 40)]);
  gaps.remove({ from: 12, to: 15 });
  expect(gaps.all).toEqual([gap(0, 5), gap(10, 12), gap(15, 20), gap(30, 40)]);
  gaps.remove({ from: 15, to: 40 });
  expect(gaps.all).toEqual([gap(0, 5), gap(10, 12)]);
  gaps.remove({ from: 6, to: 9 });
  expect(gaps.all).toHaveLength(2);
});
