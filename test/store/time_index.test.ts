import { expect, it } from "vitest";
import { TimeIndex } from "../../src/store/time_index.ts";

/** Three intervals, whose clocks ran backwards. */
function sample(): TimeIndex {
  const index = new TimeIndex(100);
  index.add(100, 5_000);
  index.raise(7_000);
  index.raise(6_000);
  index.add(110, 1_000);
  index.add(120, 9_000);
  return index;
}

it("search() names each interval that can hold a time, oldest first", () => {
  const index = sample();
  expect([index.search(6_500, 0), index.search(6_500, 1)]).toEqual([0, 2]);
  expect([index.search(0, 1), index.search(9_000, 0), index.search(9_001, 0)]).toEqual([1, 2, -1]);
});

it("decode() reads what encode() wrote, negative times too", () => {
  const index = new TimeIndex(100);
  index.add(100, -5);
  index.add(200, 2 ** 50);
  const again = TimeIndex.decode(index.encode(), 2, 100);
  expect([again.length, again.search(0, 0), again.search(-5, 0)]).toEqual([2, 1, 0]);
});

it("truncate() keeps the first intervals", () => {
  const index = sample();
  index.truncate(2);
  expect([index.length, index.search(9_000, 0)]).toEqual([2, -1]);
});
