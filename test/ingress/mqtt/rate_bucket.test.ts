import { describe, expect, it } from "vitest";
import { RateBucket } from "../../../src/ingress/mqtt/rate_bucket.ts";

describe("RateBucket", () => {
  it("lets a burst go, and what is refilled each second", () => {
    const bucket = new RateBucket({ perSecond: 2, burst: 3 }, 0);
    expect([0, 0, 0, 0].map((nowMs) => bucket.tryTake(nowMs))).toEqual([true, true, true, false]);
    expect(bucket.tryTake(499)).toBe(false);
    expect(bucket.tryTake(500)).toBe(true);
    expect(bucket.isFull(1_999)).toBe(false);
    expect(bucket.isFull(2_000)).toBe(true);
  });

  it("goes into debt by what is charged, and says how long it lasts", () => {
    const bucket = new RateBucket({ perSecond: 100 }, 0);
    bucket.charge(100, 0);
    expect(bucket.waitMs(0)).toBe(0);
    bucket.charge(50, 0);
    expect(bucket.waitMs(0)).toBe(500);
    expect(bucket.waitMs(400)).toBe(100);
    expect(bucket.waitMs(500)).toBe(0);
  });

  it("gives nothing for a clock that stands still or runs back", () => {
    const bucket = new RateBucket({ perSecond: 1 }, 1_000);
    expect(bucket.tryTake(1_000)).toBe(true);
    expect(bucket.tryTake(0)).toBe(false);
  });
});
