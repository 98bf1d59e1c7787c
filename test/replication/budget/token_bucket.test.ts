/** The cap as arithmetic. Time is numbers handed in. */
import { describe, expect, it } from "vitest";
import { TokenBucket } from "../../../src/replication/budget/token_bucket.ts";

describe("TokenBucket", () => {
  it("lets a quarter of a second pass at once, then as much as the rate says", () => {
    const bucket = new TokenBucket(1_000, 0);
    expect(bucket.capacity).toBe(250);
    expect(bucket.waitMs(250, 0)).toBe(0);
    bucket.take(250, 0);
    expect(bucket.waitMs(100, 0)).toBe(100);
    expect(bucket.waitMs(100, 60)).toBe(40);
    expect(bucket.waitMs(100, 100)).toBe(0);
  });

  it("saves up no more than that, however long it rests", () => {
    const bucket = new TokenBucket(1_000, 0);
    bucket.take(250, 86_400_000);
    expect(bucket.waitMs(1, 86_400_000)).toBe(1);
  });

  it("lets a piece larger than itself pass when it is full, and pays the debt back", () => {
    const bucket = new TokenBucket(1_000, 0);
    bucket.take(100, 0);
    expect(bucket.waitMs(600, 0)).toBe(100);
    bucket.take(600, 100);
    expect(bucket.waitMs(1, 100)).toBe(351);
  });

  it("has no say without a cap", () => {
    const bucket = new TokenBucket(Infinity, 0);
    bucket.take(1e12, 0);
    expect(bucket.waitMs(1e12, 0)).toBe(0);
  });

  it("takes another rate at once, and carries no debt that was made at a higher one", () => {
    const bucket = new TokenBucket(1_000_000, 0);
    bucket.take(1_000_000, 0);
    bucket.setRate(1_000, 0);
    expect(bucket.waitMs(1, 0)).toBe(251);
    bucket.setRate(Infinity, 0);
    expect(bucket.waitMs(1e9, 0)).toBe(0);
    bucket.setRate(1_000, 0);
    expect(bucket.waitMs(250, 0)).toBe(250);
  });
});
