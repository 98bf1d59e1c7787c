import { expect, it } from "vitest";
import { passOlder } from "../../src/egress/older_segments.ts";

const segment = (baseOffset: number, endOffset: number, maxTimestamp: number) => ({
  ...{ baseOffset, endOffset, maxTimestamp },
});

/** Clocks ran back between the second and the third. */
const log = {
  ...{ logStartOffset: 5, highWatermark: 38, gaps: [{ from: 8, to: 12, reason: "corrupt" }] },
  segments:
    () => [segment(0, 10, 100), segment(10, 20, 300), segment(20, 30, 200), segment(30, 40, 200)],
};

it("passes over segments that end before, up to the first that may hold one", () => {
  expect(passOlder(log, 12, 200)).toEqual({ offset: 12, gaps: [] });
  expect(passOlder(log, 20, 201)).toEqual({ offset: 38, gaps: [] });
  expect(passOlder(log, 25, 201)).toEqual({ offset: 38, gaps: [] });
  expect(passOlder(log, 25, 200)).toEqual({ offset: 25, gaps: [] });
  expect(passOlder(log, 38, 999)).toEqual({ offset: 38, gaps: [] });
});

it("names known damage on the way, as far as it lies there", () => {
  const gap = { reason: "corrupt" };
  expect(passOlder(log, 5, 200)).toEqual({ offset: 10, gaps: [{ ...gap, from: 8, to: 10 }] });
  expect(passOlder(log, 9, 301)).toEqual({ offset: 38, gaps: [{ ...gap, from: 9, to: 12 }] });
});

it("stops where a segment is missing: that a read tells", () => {
  const torn = { ...log, segments: () => [segment(0, 10, 100), segment(20, 38, 100)] };
  expect(passOlder(torn, 6, 200).offset).toBe(10);
});
