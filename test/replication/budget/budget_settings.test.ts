/** What an operator may write of a budget, and what is said where it does not fit. */
import { describe, expect, it } from "vitest";
import {
  encodeBudget,
  isTimeZone,
  mergeBudget,
  NO_BUDGET,
} from "../../../src/replication/budget/budget_settings.ts";

const WHOLE = {
  bytes_per_second: 50_000,
  bytes_per_day: 1_000_000,
  bytes_per_month: 20_000_000,
  time_zone: "Europe/Berlin",
  windows: [{ days: ["mon", "fri"], from: "22:00", to: "06:30" }],
};

describe("mergeBudget()", () => {
  it("reads what encodeBudget() writes", () => {
    expect(encodeBudget(mergeBudget(NO_BUDGET, WHOLE))).toEqual(WHOLE);
    expect(mergeBudget(NO_BUDGET, encodeBudget(NO_BUDGET))).toEqual(NO_BUDGET);
  });

  it("leaves what is not named, and takes away what is null", () => {
    const whole = mergeBudget(NO_BUDGET, WHOLE);
    expect(mergeBudget(whole, {})).toEqual(whole);
    expect(encodeBudget(mergeBudget(whole, { bytes_per_day: null, windows: null }))).toEqual({
      ...WHOLE,
      bytes_per_day: null,
      windows: [],
    });
    expect(mergeBudget(whole, { time_zone: null }).timeZone).toBe("UTC");
  });

  it("takes a window without days for one of every day", () => {
    const [window] = mergeBudget(NO_BUDGET, { windows: [{ from: "00:00", to: "24:00" }] }).windows;
    expect(window).toEqual({
      days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
      from: 0,
      to: 1_440,
    });
  });

  it.each([
    [null, "expected an object"],
    [[], "expected an object"],
    ["fast", "expected an object"],
    [{ bytes_per_secund: 1 }, "no such key"],
    [{ bytes_per_second: 0 }, "from 1000"],
    [{ bytes_per_second: -5 }, "from 1000"],
    [{ bytes_per_second: "50kB" }, "whole number of bytes"],
    [{ bytes_per_second: 2_000.5 }, "whole number"],
    [{ bytes_per_second: 1e300 }, "whole number"],
    [{ bytes_per_day: 10 }, "from 65536"],
    [{ bytes_per_month: true }, "from 65536"],
    [{ time_zone: "Mars/Olympus" }, "IANA"],
    [{ time_zone: "+01:00" }, "IANA"],
    [{ time_zone: 1 }, "IANA"],
    [{ windows: {} }, "list"],
    [{ windows: Array(65).fill(WHOLE.windows[0]) }, "at most 64"],
    [{ windows: [null] }, "each window"],
    [{ windows: [{ days: ["monday"], from: "22:00", to: "06:00" }] }, "each window"],
    [{ windows: [{ days: [], from: "22:00", to: "06:00" }] }, "each window"],
    [{ windows: [{ from: "7:00", to: "08:00" }] }, "each window"],
    [{ windows: [{ from: "07:60", to: "08:00" }] }, "each window"],
    [{ windows: [{ from: "07:00", to: "24:01" }] }, "each window"],
    [{ windows: [{ from: "24:00", to: "06:00" }] }, "begins before"],
    [{ windows: [{ from: "07:00", to: "08:00", rate: 1 }] }, "each window"],
  ])("refuses %j", (given, said) => {
    expect(() => mergeBudget(NO_BUDGET, given)).toThrow(said);
  });
});

it("isTimeZone() knows names, and nothing else", () => {
  expect(["UTC", "Asia/Kolkata", "Etc/GMT+5"].filter(isTimeZone)).toHaveLength(3);
  expect(["", "x".repeat(100), "../etc", "Nowhere/Land"].filter(isTimeZone)).toEqual([]);
});
