/**
 * What an operator grants a link, and how it is written: in JSON over HTTP, in the catalogue, and in
 * the configuration.
 *
 *     bytes_per_second   cap on what is sent, counted on the wire; null: none
 *     bytes_per_day      quota of what is sent and received, by the calendar of `time_zone`
 *     bytes_per_month    the same
 *     time_zone          an IANA name, "Europe/Berlin"; whose days and hours these are
 *     windows            [{days, from, to}]: when requests may begin; none: at any time
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";
import {
  LINK_BYTES_PER_SECOND_MIN,
  LINK_QUOTA_BYTES_MIN,
  LINK_WINDOWS_MAX,
} from "../../base/link_limits.ts";

export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

export interface LinkWindow {
  /** On which it begins. */
  readonly days: readonly Weekday[];
  /** Minutes after midnight, inclusive. */
  readonly from: number;
  /** Minutes after midnight, exclusive; at or before `from`: on the next day. */
  readonly to: number;
}

export interface BudgetSettings {
  readonly bytesPerSecond: number | null;
  readonly bytesPerDay: number | null;
  readonly bytesPerMonth: number | null;
  readonly timeZone: string;
  readonly windows: readonly LinkWindow[];
}

export const NO_BUDGET: BudgetSettings = {
  bytesPerSecond: null,
  bytesPerDay: null,
  bytesPerMonth: null,
  timeZone: "UTC",
  windows: [],
};

const DAY_MINUTES = 24 * 60;
const KEYS = ["bytes_per_second", "bytes_per_day", "bytes_per_month", "time_zone", "windows"];

export function encodeBudget(settings: BudgetSettings): Record<string, unknown> {
  return {
    bytes_per_second: settings.bytesPerSecond,
    bytes_per_day: settings.bytesPerDay,
    bytes_per_month: settings.bytesPerMonth,
    time_zone: settings.timeZone,
    windows: settings.windows.map(({ days, from, to }) => ({
      days,
      from: clockTime(from),
      to: clockTime(to),
    })),
  };
}

/**
 * `given` over `base`: a key that is missing leaves what was, null takes it away (RFC 7396).
 *
 * @throws {OperatingError} invalid_argument that names the key and what it may be
 */
export function mergeBudget(base: BudgetSettings, given: unknown): BudgetSettings {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw misfit(null, `expected an object with keys out of ${KEYS.join(", ")}`);
  }
  const members = given as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(members).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) {
    throw misfit(unknown.slice(0, 50), `there is no such key; there are ${KEYS.join(", ")}`);
  }
  const rate = members["bytes_per_second"];
  const day = members["bytes_per_day"];
  const month = members["bytes_per_month"];
  const zone = members["time_zone"];
  const windows = members["windows"];
  return {
    bytesPerSecond: rate === undefined
      ? base.bytesPerSecond
      : bytesOf("bytes_per_second", rate, LINK_BYTES_PER_SECOND_MIN),
    bytesPerDay: day === undefined
      ? base.bytesPerDay
      : bytesOf("bytes_per_day", day, LINK_QUOTA_BYTES_MIN),
    bytesPerMonth: month === undefined
      ? base.bytesPerMonth
      : bytesOf("bytes_per_month", month, LINK_QUOTA_BYTES_MIN),
    timeZone: zone === undefined ? base.timeZone : timeZoneOf(zone),
    windows: windows === undefined ? base.windows : windowsOf(windows),
  };
}

/** Minutes after midnight as "06:30". */
export function clockTime(minutes: number): string {
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return `${String(hours).padStart(2, "0")}:${String(rest).padStart(2, "0")}`;
}

/** "06:30" in minutes after midnight; null for anything else. "24:00" ends a day. */
export function minutesOf(text: unknown): number | null {
  const match = typeof text === "string" ? /^(\d\d):(\d\d)$/.exec(text) : null;
  if (match === null || Number(match[2]) > 59) return null;
  const minutes = Number(match[1]) * 60 + Number(match[2]);
  return minutes <= DAY_MINUTES ? minutes : null;
}

/** Whether the runtime knows a time zone of that name. */
export function isTimeZone(name: string): boolean {
  // Offsets such as "+01:00" are taken by some runtimes: they are no names, and know no summer.
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function bytesOf(key: string, value: unknown, min: number): number | null {
  if (value === null) return null;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= min) return value;
  throw misfit(key, `expected null or a whole number of bytes from ${min}`);
}

function timeZoneOf(value: unknown): string {
  if (value === null) return NO_BUDGET.timeZone;
  if (typeof value === "string" && isTimeZone(value)) return value;
  throw misfit("time_zone", 'expected an IANA name such as "Europe/Berlin"');
}

function windowsOf(value: unknown): readonly LinkWindow[] {
  if (value === null) return [];
  if (!Array.isArray(value) || value.length > LINK_WINDOWS_MAX) {
    throw misfit("windows", `expected a list of at most ${LINK_WINDOWS_MAX} windows`);
  }
  return value.map((window) => windowOf(window));
}

function windowOf(value: unknown): LinkWindow {
  const expected = 'each window is {"days": ["mon", …], "from": "22:00", "to": "06:00"}';
  if (typeof value !== "object" || value === null) throw misfit("windows", expected);
  const { days = WEEKDAYS, from, to, ...rest } = value as Readonly<Record<string, unknown>>;
  const [fromMinutes, toMinutes] = [minutesOf(from), minutesOf(to)];
  const known = Array.isArray(days) && days.length > 0 && days.length <= WEEKDAYS.length &&
    days.every((day) => WEEKDAYS.includes(day));
  if (!known || fromMinutes === null || toMinutes === null || Object.keys(rest).length > 0) {
    throw misfit("windows", expected);
  }
  if (fromMinutes === DAY_MINUTES) throw misfit("windows", 'a window begins before "24:00"');
  return { days: WEEKDAYS.filter((day) => days.includes(day)), from: fromMinutes, to: toMinutes };
}

function misfit(key: string | null, expectation: string): OperatingError {
  const place = key === null ? "a link budget" : `"${key}" of a link budget`;
  return new OperatingError("invalid_argument", `Cannot use ${place}: ${expectation}`, {
    ...(key === null ? {} : { key }),
  });
}
