/**
 * What a link may use, and whose turn it is: cap, quotas, schedule and classes behind one face. The
 * forwarder asks before it builds a request; the link takes each request through it.
 *
 *     blocked()          nothing may go for now: schedule, quota         wait, or observe()
 *     next(classes)      of those with data: whose turn it is
 *     waitMs(class)      when a request of it may begin; ask right before building one
 *     requestBytesMax    bytes of batches worth putting into it
 *     begin(request)     the link's: quota reserved and written down, then the cap waited for
 *
 * @module
 */
import type { Clock, Timers } from "../../base/clock.ts";
import { OperatingError } from "../../base/errors.ts";
import {
  LINK_RECHECK_MS,
  LINK_REQUEST_MS,
  LINK_SLICE_BYTES_MAX,
  LINK_SLICE_BYTES_MIN,
  LINK_SLICE_MS,
} from "../../base/link_limits.ts";
import type { UsageBook, UsageMarks } from "../../store/link_usage.ts";
import { type BudgetSettings, NO_BUDGET } from "./budget_settings.ts";
import { Calendar } from "./calendar.ts";
import { ClassShare } from "./class_share.ts";
import { GrantQueue } from "./grant_queue.ts";
import { classNameOf, type LinkClass, rankOf } from "./link_class.ts";
import { Passage } from "./passage.ts";
import { type Hold, Quota } from "./quota.ts";
import { Schedule } from "./schedule.ts";
import { framesBytes } from "./wire_bytes.ts";
import type { WrapNeeds } from "./zstd_wrap.ts";

export interface LinkBudgetOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly settings?: BudgetSettings;
  /** Where usage is written down; without it, it lasts as long as the process. */
  readonly book?: UsageBook;
}

/** Why nothing may go. */
export interface Blockade {
  readonly reason: "schedule" | "day_quota" | "month_quota";
  /** By the wall clock; null: never, unless the budget changes. */
  readonly untilMs: number | null;
  /** Milliseconds until it is worth looking again. */
  readonly waitMs: number;
}

export interface RequestSize {
  readonly headBytes: number;
  readonly bodyBytes: number;
  /** Of the body before it was compressed as a whole; where it was not, the same. */
  readonly plainBytes?: number;
  /** The largest answer one expects, head included. */
  readonly answerBytes: number;
  /** Whether it may be left out for good: where it does not fit, that says nothing of others. */
  readonly dispensable?: boolean;
}

export interface BudgetStatus {
  /** Bytes of this day and month, sent and received, those promised to requests under way too. */
  readonly used: { readonly day: number; readonly month: number };
  /** What may yet be promised; null without a quota. */
  readonly left: { readonly day: number | null; readonly month: number | null };
  readonly blocked: Blockade | null;
  readonly scheduleOpen: boolean;
  readonly scheduleChangesAtMs: number | null;
  readonly dayEndsAtMs: number;
  readonly monthEndsAtMs: number;
  /** By name of the class, since the start. */
  readonly sentBytes: ReadonlyMap<string, number>;
}

/** Bytes since the start. */
export interface WireBytes {
  readonly sent: number;
  readonly received: number;
  /** Of request bodies, before they were compressed as a whole. */
  readonly bodies: number;
  /** What that saved. */
  readonly saved: number;
}

/** A small head and what it is good for: about what a request needs besides its batches. */
const REQUEST_OVERHEAD_BYTES = 2 * 1_024;

const LEFT_PARTS_MIN = 2;

export class LinkBudget {
  readonly #clock: Clock;
  #settings: BudgetSettings;
  #schedule: Schedule;
  #calendar: Calendar;
  readonly #quota: Quota;
  readonly #share = new ClassShare();
  readonly #queue: GrantQueue;
  /** Into how many requests what is left of a quota is thought to go. */
  #leftParts = LEFT_PARTS_MIN;
  /** Requests that are being let through. */
  readonly #passing = new Set<Passage>();
  readonly #wire = { sent: 0, received: 0, bodies: 0, saved: 0 };
  /** By name of the class: what it sent since the start. */
  readonly #sentBytes = new Map<string, number>();
  /** Classes with data when it was asked last whose turn it is. */
  #wanting: readonly number[] = [];
  readonly #listeners = new Set<() => void>();

  constructor({ clock, timers, settings = NO_BUDGET, book = new MemoryBook() }: LinkBudgetOptions) {
    this.#clock = clock;
    this.#settings = settings;
    this.#calendar = new Calendar(settings.timeZone);
    this.#schedule = new Schedule(settings.windows, this.#calendar);
    this.#quota = new Quota({ ...settings, clock, calendar: this.#calendar, book });
    this.#queue = new GrantQueue({
      ...{ clock, timers },
      bytesPerSecond: settings.bytesPerSecond ?? Infinity,
      share: this.#share,
      wanting: () => this.#wanting,
    });
  }

  get settings(): BudgetSettings {
    return this.#settings;
  }

  get capped(): boolean {
    return this.#queue.bytesPerSecond !== Infinity;
  }

  /** Takes effect at once, for requests under way too. */
  change(settings: BudgetSettings): void {
    this.#settings = settings;
    this.#calendar = new Calendar(settings.timeZone);
    this.#schedule = new Schedule(settings.windows, this.#calendar);
    this.#quota.change(settings, this.#calendar);
    this.#queue.setRate(settings.bytesPerSecond ?? Infinity);
    this.#tell();
  }

  /**
   * Resolves when what counts against a quota is written down: a new one must not forget, after a
   * kill, what was used before it was set.
   */
  usageDurable(): Promise<void> {
    return this.#quota.durable();
  }

  /** Called when something may go that could not before. @returns ends it */
  observe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Why nothing may go now, not even a greeting; null while requests may. */
  blocked(): Blockade | null {
    const wallMs = this.#clock.wallMs();
    if (!this.#schedule.isOpen(wallMs)) {
      return this.#until("schedule", this.#schedule.changesAtMs(wallMs));
    }
    const exceeded = this.#quota.exceeded;
    if (exceeded === null) return null;
    if (this.#quota.tooLargeBytes !== null) return this.#until(`${exceeded}_quota`, null);
    const untilMs = exceeded === "day"
      ? this.#calendar.nextDayMs(wallMs)
      : this.#calendar.nextMonthMs(wallMs);
    return this.#until(`${exceeded}_quota`, untilMs);
  }

  /** Of classes that have something to send: the one whose turn it is; null of none. */
  next(classes: Iterable<LinkClass>, requestBytes: number): LinkClass | null {
    const bytes = Math.min(requestBytes, this.requestBytesMax);
    const wanting = [...classes].map((one) => ({ one, rank: rankOf(one), bytes }));
    this.#wanting = wanting.map(({ rank }) => rank);
    return this.#share.next(wanting)?.one ?? null;
  }

  /**
   * Milliseconds until a request of that class may begin; zero: now. While one of its class is still
   * being let through, the next would only age: it is better built later, with more in it.
   */
  waitMs(linkClass: LinkClass): number {
    if (!this.capped) return 0;
    const rank = rankOf(linkClass);
    let beside = false;
    for (const passage of this.#passing) {
      if (passage.through) continue;
      if (passage.rank === rank) return LINK_SLICE_MS;
      beside = true;
    }
    // Beside others it takes its place in the queue, which knows whose turn it is.
    if (beside) return 0;
    return Math.ceil(this.#queue.waitMs(this.#queue.burstBytes / 2));
  }

  /** Bytes of batches worth putting into one request; Infinity without cap and quota. */
  get requestBytesMax(): number {
    const byRate = this.#queue.bytesPerSecond * LINK_REQUEST_MS / 1_000;
    // A request may be a batch over: half of what is left makes that fit as a rule.
    const left = (this.#quota.leftBytes - REQUEST_OVERHEAD_BYTES) / this.#leftParts;
    return Math.max(1, Math.floor(Math.min(byRate, left)));
  }

  /** Whether a request of that size goes in pieces: it is large, and there is a cap. */
  paces(requestBytes: number): boolean {
    return this.capped && requestBytes > this.#queue.burstBytes / 2;
  }

  /** What bytes cost: see {@linkcode ZstdWrap}. */
  get wrapNeeds(): WrapNeeds {
    return { bytesPerSecond: this.#queue.bytesPerSecond, quota: this.#quota.limited };
  }

  /**
   * Lets a request through, or as much of it as must go at once.
   *
   * @throws {OperatingError} quota_exceeded when it does not fit, or the schedule is closed; storage
   * trouble of the book
   */
  async begin(linkClass: LinkClass, size: RequestSize): Promise<Passage> {
    if (!this.#schedule.isOpen(this.#clock.wallMs())) {
      throw new OperatingError("quota_exceeded", "Cannot send now: outside the link's windows");
    }
    const paced = this.paces(size.headBytes + size.bodyBytes);
    const sliceBytes = paced ? () => this.#sliceBytes() : null;
    const rank = rankOf(linkClass);
    const hold = this.#reserve(size, sliceBytes?.() ?? null);
    const passage = new Passage({
      ...{ clock: this.#clock, queue: this.#queue, rank, sliceBytes, hold },
      ended: (ended, receivedBytes) => this.#ended(ended, linkClass, receivedBytes),
    });
    this.#passing.add(passage);
    const { bodyBytes, plainBytes = bodyBytes } = size;
    try {
      await this.#quota.durable();
      if (this.capped) {
        await passage.pass(size.headBytes + (paced ? 0 : bodyBytes));
      } else {
        passage.sentBytes = size.headBytes + bodyBytes;
        this.#share.sent(rank, passage.sentBytes, this.#wanting);
      }
      passage.through = !passage.paced;
      this.#wire.bodies += plainBytes;
      this.#wire.saved += plainBytes - bodyBytes;
      return passage;
    } catch (error) {
      passage.unsent();
      throw error;
    }
  }

  /** Writes down what was used, to the byte. */
  close(): Promise<void> {
    return this.#quota.flush();
  }

  get wire(): WireBytes {
    let { sent } = this.#wire;
    for (const { sentBytes } of this.#passing) sent += sentBytes;
    return { ...this.#wire, sent };
  }

  status(): BudgetStatus {
    const wallMs = this.#clock.wallMs();
    return {
      used: this.#quota.used,
      left: this.#quota.left,
      blocked: this.blocked(),
      scheduleOpen: this.#schedule.isOpen(wallMs),
      scheduleChangesAtMs: this.#schedule.changesAtMs(wallMs),
      dayEndsAtMs: this.#calendar.nextDayMs(wallMs),
      monthEndsAtMs: this.#calendar.nextMonthMs(wallMs),
      sentBytes: this.#sentBytes,
    };
  }

  #reserve(
    { headBytes, bodyBytes, answerBytes, dispensable = false }: RequestSize,
    sliceBytes: number | null,
  ): Hold {
    const frames = sliceBytes === null ? 0 : framesBytes(bodyBytes, sliceBytes);
    const bytes = headBytes + bodyBytes + frames + answerBytes;
    const hold = this.#quota.reserve(bytes);
    if (hold !== null) {
      this.#leftParts = LEFT_PARTS_MIN;
      return hold;
    }
    // As small as they get: one batch, which nobody divides.
    const smallest = this.requestBytesMax <= REQUEST_OVERHEAD_BYTES;
    if (!dispensable && smallest) this.#quota.need(bytes);
    else if (!dispensable) this.#leftParts *= 2;
    const message =
      `Cannot send ${bytes} bytes: the link's quota has ${this.#quota.leftBytes} left`;
    throw new OperatingError("quota_exceeded", message, { bytes });
  }

  #sliceBytes(): number {
    const bytes = Math.floor(this.#queue.bytesPerSecond * LINK_SLICE_MS / 1_000);
    return Math.max(LINK_SLICE_BYTES_MIN, Math.min(LINK_SLICE_BYTES_MAX, bytes));
  }

  #ended(passage: Passage, linkClass: LinkClass, receivedBytes: number): void {
    this.#passing.delete(passage);
    this.#wire.sent += passage.sentBytes;
    this.#wire.received += receivedBytes;
    const name = classNameOf(linkClass);
    this.#sentBytes.set(name, (this.#sentBytes.get(name) ?? 0) + passage.sentBytes);
    if (passage.hold !== null) {
      this.#quota.settle(passage.hold, passage.sentBytes + receivedBytes);
    }
    this.#tell();
  }

  #until(reason: Blockade["reason"], untilMs: number | null): Blockade {
    const waitMs = untilMs === null ? LINK_RECHECK_MS : untilMs - this.#clock.wallMs();
    return { reason, untilMs, waitMs: Math.max(1, Math.min(waitMs, LINK_RECHECK_MS)) };
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Lasts as long as the process. */
class MemoryBook implements UsageBook {
  marks: UsageMarks | null = null;

  write(marks: UsageMarks): Promise<void> {
    this.marks = marks;
    return Promise.resolve();
  }
}
