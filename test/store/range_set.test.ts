/** Range sets, against a set of numbers that does the same one by one. */
import { describe, expect, it } from "vitest";
import { isDeclaredBy, RangeSet } from "../../src/store/range_set.ts";
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

  it("passes what is open, and still lacks it", () => {
    const set = new RangeSet(10, [{ from: 40, to: 50 }]);
    expect(set.addOpen(5, 30, { by: "s" })).toEqual([{ from: 10, to: 30 }]);
    expect([set.watermark, set.contiguous]).toEqual([30, 10]);
    expect(set.covers(8, 12)).toBe(false);
    expect(set.passed(8, 12)).toBe(true);
    expect(set.lacking(5, 45)).toEqual([{ from: 10, to: 40 }]);
    expect(set.addOpen(5, 30, { by: "s" })).toEqual([]);
    set.add(10, 15);
    set.add(20, 22);
    expect(set.open).toEqual([{ from: 15, to: 20, by: "s" }, { from: 22, to: 30, by: "s" }]);
    expect([set.contiguous, set.openAt(17)?.from, set.openAt(21)]).toEqual([15, 15, undefined]);
    set.add(15, 20);
    set.add(22, 40);
    expect([set.watermark, set.contiguous, set.open]).toEqual([50, 50, []]);
  });

  it("knows everyone who said that a range lies elsewhere", () => {
    const set = new RangeSet(0);
    set.addOpen(0, 10, { by: "s" });
    expect(set.addOpen(5, 15, { by: "t" })).toEqual([{ from: 5, to: 10 }, { from: 10, to: 15 }]);
    expect(set.addOpen(0, 15, { by: "t" })).toEqual([{ from: 0, to: 5 }]);
    const declared = (peer: string) => set.open.filter((range) => isDeclaredBy(range, peer));
    expect(declared("s").map(({ from, to }) => [from, to])).toEqual([[0, 10]]);
    expect(declared("t").map(({ from, to }) => [from, to])).toEqual([[0, 10], [10, 15]]);
    expect(set.addOpen(0, 15, { by: "t" })).toEqual([]);
  });

  it("knows who holds it, as far as all know who said that", () => {
    const [a, b] = ["a".repeat(16), "b".repeat(16)];
    const set = new RangeSet(0);
    set.addOpen(0, 10, { by: "s", holders: [b] });
    set.addOpen(0, 10, { by: "t", holders: [a] });
    expect(set.addOpen(5, 10, { by: "s", holders: [a] })).toEqual([]);
    expect(set.open).toEqual([{ from: 0, to: 10, by: "s\nt", holders: [a, b] }]);
    expect(set.addOpen(5, 10, { by: "s" })).toEqual([{ from: 5, to: 10 }]);
    expect(set.copy().open).toEqual([
      { from: 0, to: 5, by: "s\nt", holders: [a, b] },
      { from: 5, to: 10, by: "s\nt" },
    ]);
  });

  it("knows where a run ends", () => {
    const set = new RangeSet(10, [{ from: 20, to: 30 }]);
    expect([5, 10, 15, 20, 30, 31].map((at) => set.endFrom(at))).toEqual([10, 10, 15, 30, 30, 31]);
  });

  it("agrees with two sets of numbers, one of them open", () => {
    for (let seed = 0; seed < 100; seed++) {
      const { next } = seededRandom(seed);
      const set = new RangeSet(0);
      const held = new Set<number>();
      const open = new Set<number>();
      for (let round = 0; round < 30; round++) {
        const from = Math.floor(next() * 50);
        const to = from + Math.floor(next() * 8);
        const adds = next() < 0.5;
        if (adds) set.add(from, to);
        else set.addOpen(from, to, { by: next() < 0.5 ? "s" : "t" });
        for (let at = from; at < to; at++) {
          if (adds) held.add(at) && open.delete(at);
          else if (!held.has(at)) open.add(at);
        }
        let watermark = 0;
        while (held.has(watermark) || open.has(watermark)) watermark++;
        let contiguous = 0;
        while (held.has(contiguous)) contiguous++;
        expect([set.watermark, set.contiguous], `seed ${seed}`).toEqual([watermark, contiguous]);
        const offsets = Array.from({ length: 60 }, (_, at) => at);
        const isOpen = (at: number) => set.openAt(at) !== undefined;
        expect(offsets.filter(isOpen), `seed ${seed}`).toEqual(
          offsets.filter((at) => open.has(at)),
        );
        const lacks = (at: number) => set.lacking(at, at + 1).length > 0;
        expect(offsets.filter(lacks), `seed ${seed}`).toEqual(
          offsets.filter((at) => !held.has(at)),
        );
        expect(set.copy().open).toEqual(set.open);
      }
    }
  });
});
