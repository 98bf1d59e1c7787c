/** The wait after a failure: its bounds over every number of failures, at both ends of the jitter. */
import { describe, expect, it } from "vitest";
import { BACKOFF, backoffMs } from "../../src/replication/backoff.ts";

const ALMOST_ONE = 1 - Number.EPSILON;

describe("backoffMs()", () => {
  it("doubles its bound with each failure, up to the cap", () => {
    const bounds = [1, 2, 3, 4].map((failures) => backoffMs(failures, 0.5));
    expect(bounds).toEqual([50, 100, 200, 400]);
    expect(backoffMs(20, 0.5)).toBe(BACKOFF.capMs / 2);
  });

  it("spreads over the whole of it", () => {
    for (let failures = 1; failures < 100; failures++) {
      expect(backoffMs(failures, 0)).toBe(0);
      expect(backoffMs(failures, ALMOST_ONE)).toBeLessThan(BACKOFF.capMs + 1);
    }
  });

  it("stays a number after any number of failures", () => {
    expect(backoffMs(1e9, 0.5)).toBe(BACKOFF.capMs / 2);
  });
});
