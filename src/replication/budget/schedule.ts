/**
 * When a link may be used: windows of the week, by the hours of a place. Pure.
 *
 * @module
 */
import { type LinkWindow, WEEKDAYS } from "./budget_settings.ts";
import type { Calendar } from "./calendar.ts";

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
const WEEK_MINUTES = WEEKDAYS.length * DAY_MINUTES;

/** Minutes of the week, from Monday's midnight; `to` may lie in the next week. */
interface Span {
  readonly from: number;
  readonly to: number;
}

export class Schedule {
  readonly #calendar: Calendar;
  readonly #spans: readonly Span[];

  constructor(windows: readonly LinkWindow[], calendar: Calendar) {
    this.#calendar = calendar;
    this.#spans = windows.flatMap(({ days, from, to }) =>
      days.map((day) => {
        const start = WEEKDAYS.indexOf(day) * DAY_MINUTES + from;
        return { from: start, to: start + (to > from ? to - from : to - from + DAY_MINUTES) };
      })
    );
  }

  /** Without windows it always is. */
  isOpen(wallMs: number): boolean {
    return this.#spans.length === 0 || this.#openFor(this.#minuteAt(wallMs)) > 0;
  }

  /** When it opens or closes next; null where it never does. An hour off before clocks change. */
  changesAtMs(wallMs: number): number | null {
    if (this.#spans.length === 0) return null;
    const minute = this.#minuteAt(wallMs);
    const minutes = this.isOpen(wallMs) ? this.#wholeOpening(minute) : this.#opensIn(minute);
    return minutes >= WEEK_MINUTES ? null : (Math.floor(wallMs / MINUTE_MS) + minutes) * MINUTE_MS;
  }

  #minuteAt(wallMs: number): number {
    const { weekday, minute } = this.#calendar.at(wallMs);
    return weekday * DAY_MINUTES + minute;
  }

  /** Minutes until the longest of the windows that are open at that minute of the week closes. */
  #openFor(minute: number): number {
    let longest = 0;
    for (const { from, to } of this.#spans) {
      const into = (minute - from + WEEK_MINUTES) % WEEK_MINUTES;
      longest = Math.max(longest, to - from - into);
    }
    return longest;
  }

  /** The same, through windows that follow each other without a break. */
  #wholeOpening(minute: number): number {
    let total = 0;
    while (total < WEEK_MINUTES) {
      const more = this.#openFor((minute + total) % WEEK_MINUTES);
      if (more <= 0) break;
      total += more;
    }
    return total;
  }

  #opensIn(minute: number): number {
    let soonest = WEEK_MINUTES;
    for (const { from } of this.#spans) {
      soonest = Math.min(soonest, (from - minute + WEEK_MINUTES) % WEEK_MINUTES);
    }
    return soonest;
  }
}
