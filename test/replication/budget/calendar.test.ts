/** Local days and months, where clocks are put on and back too. */
import { describe, expect, it } from "vitest";
import { Calendar } from "../../../src/replication/budget/calendar.ts";

const at = (text: string) => Date.parse(text);

describe("Calendar", () => {
  it("tells day, month, weekday and minute of a place", () => {
    expect(new Calendar("UTC").at(at("2026-11-22T23:59:59.999Z"))).toEqual({
      day: "2026-11-22",
      month: "2026-11",
      weekday: 6,
      minute: 1_439,
    });
    expect(new Calendar("Asia/Kolkata").at(at("2026-12-31T18:30:00Z"))).toEqual({
      day: "2027-01-01",
      month: "2027-01",
      weekday: 4,
      minute: 0,
    });
  });

  it("takes the clock of a gateway that booted in 1970", () => {
    expect(new Calendar("UTC").at(0)).toMatchObject({ day: "1970-01-01", weekday: 3, minute: 0 });
    expect(new Calendar("America/New_York").at(0).day).toBe("1969-12-31");
  });

  it("finds the next day and month", () => {
    const utc = new Calendar("UTC");
    const now = at("2026-11-22T10:20:30Z");
    expect(utc.nextDayMs(now)).toBe(at("2026-11-23T00:00:00Z"));
    expect(utc.nextMonthMs(now)).toBe(at("2026-12-01T00:00:00Z"));
    expect(utc.nextMonthMs(at("2026-12-31T23:59:00Z"))).toBe(at("2027-01-01T00:00:00Z"));
  });

  it("never finds a next day in the past or a day too late, when clocks change", () => {
    const berlin = new Calendar("Europe/Berlin");
    for (const change of ["2026-03-29", "2026-10-25"]) {
      for (let minutes = -60; minutes < 26 * 60; minutes++) {
        const now = at(`${change}T00:00:00Z`) + minutes * 60_000;
        const next = berlin.nextDayMs(now);
        expect(next).toBeGreaterThan(now);
        expect(next - now).toBeLessThanOrEqual(25 * 60 * 60_000);
      }
    }
  });
});
