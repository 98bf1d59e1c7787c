/**
 * Days, months and hours of a place. Wall clock and time zone in, calendar out; pure.
 *
 * @module
 */
import { WEEKDAYS } from "./budget_settings.ts";

export interface LocalTime {
  /** "2026-11-22": later days sort later. */
  readonly day: string;
  /** "2026-11". */
  readonly month: string;
  /** 0 for Monday. */
  readonly weekday: number;
  /** Minutes after midnight. */
  readonly minute: number;
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
const LONGEST_MONTH_DAYS = 31;

export class Calendar {
  readonly timeZone: string;
  readonly #format: Intl.DateTimeFormat;
  #cachedMinute = NaN;
  #cached: LocalTime | null = null;

  constructor(timeZone: string) {
    this.timeZone = timeZone;
    this.#format = new Intl.DateTimeFormat("en-US", {
      timeZone,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      weekday: "short",
      ...{ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" },
    });
  }

  at(wallMs: number): LocalTime {
    const minute = Math.floor(wallMs / MINUTE_MS);
    if (this.#cached === null || minute !== this.#cachedMinute) {
      this.#cached = this.#look(minute * MINUTE_MS);
      this.#cachedMinute = minute;
    }
    return this.#cached;
  }

  /** When the next local day begins, or what comes close where clocks are put on or back on it. */
  nextDayMs(wallMs: number): number {
    const { minute } = this.at(wallMs);
    return (Math.floor(wallMs / MINUTE_MS) + DAY_MINUTES - minute) * MINUTE_MS;
  }

  nextMonthMs(wallMs: number): number {
    const { month } = this.#look(wallMs);
    let at = wallMs;
    for (let days = 0; days <= LONGEST_MONTH_DAYS; days++) {
      at = this.nextDayMs(at);
      if (this.#look(at).month !== month) break;
    }
    return at;
  }

  #look(wallMs: number): LocalTime {
    const parts = new Map(
      this.#format.formatToParts(wallMs).map(({ type, value }) => [type, value]),
    );
    const month = `${parts.get("year")!.padStart(4, "0")}-${parts.get("month")}`;
    const name = parts.get("weekday")!.toLowerCase();
    return {
      month,
      day: `${month}-${parts.get("day")}`,
      weekday: WEEKDAYS.findIndex((day) => day === name),
      minute: Number(parts.get("hour")) * 60 + Number(parts.get("minute")),
    };
  }
}
