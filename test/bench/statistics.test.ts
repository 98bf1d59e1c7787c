/**
 * The arithmetic behind every figure the benchmarks print.
 *
 * @module
 */
import { describe, expect, it } from "vitest";
import { median, pairedRatio, quantile, rotated } from "./statistics.ts";

describe("median()", () => {
  it("takes the middle value, whatever the order", () => {
    expect(median([9, 1, 5])).toBe(5);
  });

  it("takes the mean of the two middle values of an even number", () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it("is NaN of none", () => {
    expect(median([])).toBeNaN();
  });
});

describe("quantile()", () => {
  it("takes the nearest rank", () => {
    const values = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(quantile(values, 0.99)).toBe(99);
    expect(quantile(values, 0.5)).toBe(50);
    expect(quantile(values, 0)).toBe(1);
    expect(quantile(values, 1)).toBe(100);
  });
});

describe("pairedRatio()", () => {
  it("divides round by round, so that a machine that slows down for both changes nothing", () => {
    expect(pairedRatio([10, 20, 5], [5, 10, 2.5])).toEqual({
      median: 2,
      min: 2,
      max: 2,
      rounds: 3,
    });
  });

  it("leaves out rounds in which one of the two is missing", () => {
    expect(pairedRatio([10, undefined, 9], [5, 1, 0])).toEqual({
      median: 2,
      min: 2,
      max: 2,
      rounds: 1,
    });
  });

  it("is NaN where nothing can be paired", () => {
    expect(pairedRatio([], []).median).toBeNaN();
  });
});

describe("rotated()", () => {
  it("lets each be first in turn", () => {
    expect([0, 1, 2, 3].map((round) => rotated(["a", "b", "c"], round).join(""))).toEqual([
      "abc",
      "bca",
      "cab",
      "abc",
    ]);
  });
});
