/** One period of a quota, and clocks that are set. */
import { describe, expect, it } from "vitest";
import { QuotaPeriod } from "../../../src/replication/budget/quota_period.ts";

const DAY_MS = 86_400_000;

function periodOf(key: string, marked: number): QuotaPeriod {
  return new QuotaPeriod(DAY_MS, { key, marked });
}

describe("QuotaPeriod", () => {
  it("begins with what the book says was used", () => {
    expect(periodOf("2026-11-22", 500)).toMatchObject({ used: 500, marked: 500 });
  });

  it("begins anew when the calendar goes on, with what is promised to requests under way", () => {
    const period = periodOf("2026-11-22", 500);
    expect(period.roll("2026-11-22", 70, 0)).toBe(false);
    expect(period.roll("2026-11-23", 70, 0)).toBe(true);
    expect(period).toMatchObject({ key: "2026-11-23", used: 70, marked: 0 });
  });

  it("stays where it is when the clock is set back, and on again", () => {
    const period = periodOf("2026-11-22", 500);
    for (const key of ["2026-11-21", "1970-01-01", "2026-11-22"]) {
      expect(period.roll(key, 0, 0), key).toBe(false);
    }
    expect(period.used).toBe(500);
  });

  it("does not wait for a day that a wrong clock named once, for longer than a day", () => {
    const period = periodOf("2099-01-01", 500);
    expect(period.roll("2026-11-22", 0, 1_000)).toBe(false);
    expect(period.roll("2026-11-22", 0, 1_000 + DAY_MS - 1)).toBe(false);
    expect(period.roll("2026-11-23", 0, 1_000 + DAY_MS)).toBe(true);
    expect(period).toMatchObject({ key: "2026-11-23", used: 0 });
  });
});
