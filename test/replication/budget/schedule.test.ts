/** Windows of the week. Held to a plain look at every minute of one. */
import { describe, expect, it } from "vitest";
import { mergeBudget, NO_BUDGET } from "../../../src/replication/budget/budget_settings.ts";
import { Calendar } from "../../../src/replication/budget/calendar.ts";
import { Schedule } from "../../../src/replication/budget/schedule.ts";

const MINUTE_MS = 60_000;
const MONDAY_MS = Date.parse("2026-11-23T00:00:00Z");
const WEEK_MINUTES = 7 * 24 * 60;

function scheduleOf(windows: unknown, timeZone = "UTC"): Schedule {
  return new Schedule(mergeBudget(NO_BUDGET, { windows }).windows, new Calendar(timeZone));
}

describe("Schedule", () => {
  it("is open without windows, and never closes", () => {
    expect(scheduleOf([]).isOpen(0)).toBe(true);
    expect(scheduleOf([]).changesAtMs(0)).toBeNull();
  });

  it("is open for ever where windows cover the week", () => {
    const schedule = scheduleOf([{ from: "00:00", to: "24:00" }]);
    expect(schedule.isOpen(MONDAY_MS)).toBe(true);
    expect(schedule.changesAtMs(MONDAY_MS)).toBeNull();
  });

  it("belongs to the day it begins on, past midnight too", () => {
    const schedule = scheduleOf([{ days: ["sun"], from: "22:00", to: "06:00" }]);
    expect(schedule.isOpen(MONDAY_MS)).toBe(true);
    expect(schedule.isOpen(MONDAY_MS + 6 * 60 * MINUTE_MS)).toBe(false);
    expect(schedule.isOpen(MONDAY_MS + 22 * 60 * MINUTE_MS)).toBe(false);
    expect(schedule.changesAtMs(MONDAY_MS)).toBe(MONDAY_MS + 6 * 60 * MINUTE_MS);
  });

  it("knows the hours of its place", () => {
    const schedule = scheduleOf([{ from: "01:00", to: "02:00" }], "Asia/Kolkata");
    expect(schedule.isOpen(Date.parse("2026-11-22T19:30:00Z"))).toBe(true);
    expect(schedule.isOpen(Date.parse("2026-11-22T20:30:00Z"))).toBe(false);
  });

  it.each([
    [[{ days: ["mon", "wed"], from: "09:15", to: "17:00" }]],
    [[{ from: "23:30", to: "00:30" }, { days: ["sat"], from: "00:30", to: "12:00" }]],
    [[{ days: ["sun"], from: "12:00", to: "12:00" }, {
      days: ["tue"],
      from: "00:00",
      to: "24:00",
    }]],
  ])("foretells each change of %j", (windows) => {
    const schedule = scheduleOf(windows);
    const open = Array.from(
      { length: 2 * WEEK_MINUTES },
      (_, minute) => schedule.isOpen(MONDAY_MS + minute * MINUTE_MS),
    );
    let change = open.length;
    for (let minute = open.length - 1; minute >= 0; minute--) {
      if (minute + 1 < open.length && open[minute] !== open[minute + 1]) change = minute + 1;
      if (change === open.length) continue;
      const foretold = schedule.changesAtMs(MONDAY_MS + minute * MINUTE_MS + 59_999);
      expect(foretold, `minute ${minute}`).toBe(MONDAY_MS + change * MINUTE_MS);
    }
    expect(new Set(open).size).toBe(2);
  });
});
