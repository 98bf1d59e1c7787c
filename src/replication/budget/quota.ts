/**
 * Bytes per day and per month, sent and received. What is going to be used is written down before
 * it is, in chunks, and so counts even if the process is killed: a quota is never exceeded, at the
 * price of what a crash leaves unused of its chunk.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import {
  LINK_QUOTA_CHUNK_BYTES_MAX,
  LINK_QUOTA_CHUNK_BYTES_MIN,
  LINK_QUOTA_MARGIN,
  LINK_USAGE_WRITE_MS,
} from "../../base/link_limits.ts";
import type { UsageBook, UsageMarks } from "../../store/link_usage.ts";
import type { Calendar } from "./calendar.ts";
import { QuotaPeriod } from "./quota_period.ts";

export interface QuotaLimits {
  readonly bytesPerDay: number | null;
  readonly bytesPerMonth: number | null;
}

export interface QuotaOptions extends QuotaLimits {
  readonly clock: Clock;
  readonly calendar: Calendar;
  readonly book: UsageBook;
}

/** Bytes promised to one request. */
export interface Hold {
  bytes: number;
}

const DAY_MS = 24 * 60 * 60 * 1_000;
const MONTH_MS = 31 * DAY_MS;
/** Below it nothing worth a request is left. */
const REQUEST_BYTES_MIN = 2 * 1_024;
/** A part of a quota; a kill costs one. */
const CHUNK_PART = 1 / 256;

export class Quota {
  readonly #clock: Clock;
  readonly #book: UsageBook;
  #calendar: Calendar;
  readonly #day: QuotaPeriod;
  readonly #month: QuotaPeriod;
  #heldBytes = 0;
  /** The smallest request that did not fit: until it does there is no use in trying. */
  #neededBytes = REQUEST_BYTES_MIN;
  #writing: Promise<void> | null = null;
  #writtenMs: number;

  constructor({ clock, calendar, book, ...limits }: QuotaOptions) {
    this.#clock = clock;
    this.#calendar = calendar;
    this.#book = book;
    const { day, dayBytes, month, monthBytes } = book.marks ??
      { day: "", dayBytes: 0, month: "", monthBytes: 0 };
    this.#day = new QuotaPeriod(DAY_MS, { key: day, marked: dayBytes });
    this.#month = new QuotaPeriod(MONTH_MS, { key: month, marked: monthBytes });
    this.#writtenMs = clock.monotonicMs();
    this.#limit(limits);
  }

  /** Used, or promised to requests under way. */
  get used(): { readonly day: number; readonly month: number } {
    this.#roll();
    return { day: this.#day.used, month: this.#month.used };
  }

  /** Bytes that may be promised yet; Infinity without a quota. */
  get leftBytes(): number {
    this.#roll();
    return Math.min(this.#leftOf(this.#day), this.#leftOf(this.#month));
  }

  /** By period; null without a quota for it. */
  get left(): { readonly day: number | null; readonly month: number | null } {
    this.#roll();
    const left = (period: QuotaPeriod) => period.limit === Infinity ? null : this.#leftOf(period);
    return { day: left(this.#day), month: left(this.#month) };
  }

  get limited(): boolean {
    return this.#day.limit !== Infinity || this.#month.limit !== Infinity;
  }

  /** The period that is used up, the month before the day; null while requests fit. */
  get exceeded(): "day" | "month" | null {
    if (!this.limited) return null;
    this.#roll();
    if (this.#leftOf(this.#month) < this.#neededBytes) return "month";
    return this.#leftOf(this.#day) < this.#neededBytes ? "day" : null;
  }

  /** Bytes the request that did not fit would take, where it does not fit a whole quota. */
  get tooLargeBytes(): number | null {
    const limit = Math.min(usable(this.#day.limit), usable(this.#month.limit));
    return this.#neededBytes > limit ? this.#neededBytes : null;
  }

  change(limits: QuotaLimits, calendar: Calendar): void {
    this.#calendar = calendar;
    this.#limit(limits);
    this.#neededBytes = REQUEST_BYTES_MIN;
  }

  /** Promises so many bytes; null where they would be too many. */
  reserve(bytes: number): Hold | null {
    if (this.leftBytes < bytes) return null;
    this.#use(bytes);
    this.#heldBytes += bytes;
    return { bytes };
  }

  /** No request is smaller than that: where it does not fit, the quota counts as used up. */
  need(bytes: number): void {
    this.#neededBytes = Math.max(bytes, REQUEST_BYTES_MIN);
  }

  /** Resolves when what is promised is in the book: only then may it be used. */
  async durable(): Promise<void> {
    while (isUnmarked(this.#day) || isUnmarked(this.#month)) {
      await (this.#writing ??= this.#write().finally(() => this.#writing = null));
    }
  }

  /** The request is over, and took so many bytes. */
  settle(hold: Hold, actualBytes: number): void {
    this.#heldBytes -= hold.bytes;
    this.#use(actualBytes - hold.bytes);
    hold.bytes = 0;
    if (this.limited || this.#writing !== null) return;
    // Nobody waits for it: a later quota begins with about what was used before it was set.
    if (this.#clock.monotonicMs() - this.#writtenMs < LINK_USAGE_WRITE_MS) return;
    this.#writing = this.flush().catch(() => {}).finally(() => this.#writing = null);
  }

  /** Writes what was used, to the byte: at a stop. */
  async flush(): Promise<void> {
    this.#roll();
    this.#writtenMs = this.#clock.monotonicMs();
    await this.#mark({ day: this.#day.used, month: this.#month.used });
  }

  #limit({ bytesPerDay, bytesPerMonth }: QuotaLimits): void {
    this.#day.limit = bytesPerDay ?? Infinity;
    this.#month.limit = bytesPerMonth ?? Infinity;
  }

  #leftOf({ limit, used }: QuotaPeriod): number {
    return limit === Infinity ? Infinity : Math.max(0, usable(limit) - used);
  }

  #use(bytes: number): void {
    this.#day.used += bytes;
    this.#month.used += bytes;
  }

  #roll(): void {
    const { day, month } = this.#calendar.at(this.#clock.wallMs());
    const nowMs = this.#clock.monotonicMs();
    const rolled = this.#day.roll(day, this.#heldBytes, nowMs);
    if (this.#month.roll(month, this.#heldBytes, nowMs) || rolled) {
      this.#neededBytes = REQUEST_BYTES_MIN;
    }
  }

  async #write(): Promise<void> {
    await this.#mark({ day: aheadOf(this.#day), month: aheadOf(this.#month) });
  }

  async #mark({ day, month }: { readonly day: number; readonly month: number }): Promise<void> {
    const marks: UsageMarks = {
      day: this.#day.key,
      dayBytes: day,
      month: this.#month.key,
      monthBytes: month,
    };
    await this.#book.write(marks);
    if (this.#day.key === marks.day) this.#day.marked = day;
    if (this.#month.key === marks.month) this.#month.marked = month;
  }
}

function isUnmarked({ limit, used, marked }: QuotaPeriod): boolean {
  return limit !== Infinity && used > marked;
}

/** What is used, and where there is a quota a chunk more. */
function aheadOf({ used, limit }: QuotaPeriod): number {
  if (limit === Infinity) return used;
  const chunk = Math.floor(limit * CHUNK_PART);
  const bounded = Math.max(LINK_QUOTA_CHUNK_BYTES_MIN, Math.min(LINK_QUOTA_CHUNK_BYTES_MAX, chunk));
  return Math.max(used, Math.min(limit, used + bounded));
}

/** A quota without the margin for what cannot be known beforehand. */
function usable(limit: number): number {
  return limit === Infinity ? Infinity : Math.floor(limit * (1 - LINK_QUOTA_MARGIN));
}
