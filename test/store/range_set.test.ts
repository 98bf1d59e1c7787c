/** Range sets, against a set of numbers that does the same one by one. */
import { describe, expect, it } from "vitest";
import { RangeSet } from "../../src/store/range_set.ts";
import { seededRandom } from "../support/stores.ts";

describe("RangeSet", () => {
  it("moves the watermark over islands it reaches, and joins islands that touch", () => {
    const set = new RangeSet(10);
    set.add(20, 30);
    set.add(40, 50);
    set.add(30, 40);
    expect(set.islands).toEqual([{ from: 20, to: 50 }]);
    expect(set.watermark).toBe(10);
    set.add(8, 20);
    expect(set.watermark).toBe(50);
    expect(set.islands).toEqual([]);
  });

  it("agrees with a set of numbers, whatever is added in whatever order", () => {
    for (let seed = 0; seed < 120; seed++) {
      const { next } = seededRandom(seed);
      const first = Math.floor(next() * 10);
      const set = new RangeSet(first);
      const model = new Set(Array.from({ length: first }, (_, at) => at));
      for (let round = 0; round < 25; round++) {
        const from = Math.floor(next() * 60);
        const to = from + Math.floor(next() * 8);
        set.add(from, to);
        for (let at = from; at < to; at++) model.add(at);
        let watermark = 0;
        while (model.has(watermark)) watermark++;
        expect(set.watermark, `seed ${seed}`).toBe(watermark);
        const [a, b] = [Math.floor(next() * 60), Math.floor(next() * 8) + 1];
        const asked = Array.from({ length: b }, (_, at) => model.has(a + at));
        expect(set.covers(a, a + b), `seed ${seed}`).toBe(asked.every((has) => has));
        expect(set.touches(a, a + b), `seed ${seed}`).toBe(asked.some((has) => has));
        const lacking = set.lacking(a, a + b).flatMap(({ from, to }) =>
          Array.from({ length: to - from }, (_, at) => from + at)
        );
        expect(lacking, `seed ${seed}`).toEqual(
          asked.flatMap((has, at) => has ? [] : [a + at]),
        );
        expect(set.copy().islands).toEqual(set.islands);
      }
    }
  });
});
