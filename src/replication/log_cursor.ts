/**
 * How far one log has come: what was sent, what the receiver holds, what it ever held.
 *
 *     acknowledged   the most the receiver ever said it holds, in this run or an earlier one
 *     held           what it said last; less than `acknowledged` only after it lost its data
 *     settled        what the root of the chain of nodes holds
 *     sent           what is held or under way
 *
 * All are source offsets. What is held, sent and acknowledged is a contiguous run, of which only
 * the exclusive end is told, and islands above it where live records go ahead of a backlog.
 *
 * @module
 */
import { ISLANDS_MAX } from "../base/limits.ts";
import type { LogId, Offset, OffsetRange } from "../base/types.ts";
import type { LogAnnouncement, LogStanding } from "../protocol/replication/announce.ts";
import type { AcknowledgedRanges } from "../store/forwarded.ts";
import { without } from "../store/ledger_entry.ts";
import { RangeSet } from "../store/range_set.ts";

export interface LogCursorOptions {
  /** Drawn by this node, so that source offsets are offsets of its partition. */
  readonly own: boolean;
  /** What the receiver ever held, as remembered. */
  readonly acknowledged: AcknowledgedRanges | null;
  readonly rejected?: readonly OffsetRange[];
  /** Offsets below it came here, at a relay, or were said to lie elsewhere. */
  readonly passed?: () => Offset;
}

export class LogCursor {
  readonly announcement: Omit<LogAnnouncement, "endOffset">;
  readonly own: boolean;
  /** The receiver knows it in this session. */
  announced = false;
  settled: Offset;
  /** Of the offsets below that, those that never held a record. */
  settledVoids = 0;
  /** And those that are in the root's ledger. */
  settledLost = 0;
  #acknowledged: RangeSet;
  #held: RangeSet;
  #sent: RangeSet;
  /** What the receiver will never take. */
  readonly #rejected = new RangeSet(-1);
  readonly #passed: () => Offset;

  constructor(announcement: Omit<LogAnnouncement, "endOffset">, options: LogCursorOptions) {
    const { firstOffset } = announcement;
    const { own, acknowledged } = options;
    this.announcement = announcement;
    this.own = own;
    const known = Math.max(firstOffset, acknowledged?.held ?? firstOffset);
    this.#acknowledged = new RangeSet(known, acknowledged?.islands);
    this.#held = new RangeSet(firstOffset);
    this.#sent = new RangeSet(firstOffset);
    this.settled = firstOffset;
    this.#passed = options.passed ?? (() => firstOffset);
    for (const range of options.rejected ?? []) this.reject(range);
  }

  get logId(): LogId {
    return this.announcement.logId;
  }

  get held(): Offset {
    return this.#held.watermark;
  }

  get sent(): Offset {
    return this.#sent.watermark;
  }

  /** Islands that are held or under way. */
  get sentIslands(): readonly OffsetRange[] {
    return this.#sent.islands;
  }

  get acknowledged(): Offset {
    return this.#acknowledged.watermark;
  }

  /** What was ever acknowledged above {@linkcode acknowledged}. */
  get acknowledgedIslands(): readonly OffsetRange[] {
    return this.#acknowledged.islands;
  }

  /** Islands the receiver holds. */
  get islands(): readonly OffsetRange[] {
    return this.#held.islands;
  }

  /** It names its first islands only: what it has behind the last of so many is not known. */
  get knownTo(): Offset {
    return this.islands.length < ISLANDS_MAX ? Infinity : this.islands.at(-1)!.to;
  }

  /** What the receiver once held and no longer does. */
  get regressed(): boolean {
    return this.held < this.acknowledged ||
      this.#acknowledged.islands.some(({ from, to }) => !this.#held.passed(from, to));
  }

  /** Whether nothing is under way, as far as is known. */
  get inStep(): boolean {
    return this.held === this.sent && areSame(this.#held.islands, this.#sent.islands) &&
      areSame(this.#held.open, this.#sent.open);
  }

  /** The root may have more of it by now: of what is held, or what comes to it another way. */
  get unsettled(): boolean {
    // Of an island, too: what lies below it may come to the root past this node.
    const end = Math.max(this.islands.at(-1)?.to ?? this.held, this.#passed());
    return this.announced && this.settled < end;
  }

  holds(from: Offset, to: Offset): boolean {
    return this.#held.covers(from, to);
  }

  /** What of [from, to) was sent: all of it, nothing, or some. */
  sentOf(from: Offset, to: Offset): "all" | "none" | "some" {
    if (this.#sent.covers(from, to)) return "all";
    return this.#sent.touches(from, to) ? "some" : "none";
  }

  /** What of [from, to) was not sent. */
  unsent(from: Offset, to: Offset): OffsetRange[] {
    return this.#sent.lacking(from, to);
  }

  /** Where the run of sent offsets that holds `offset` ends; `offset` itself where none does. */
  sentFrom(offset: Offset): Offset {
    const island = this.#sent.islands.find(({ from, to }) => from <= offset && offset < to);
    const end = offset < this.sent ? this.sent : island?.to ?? offset;
    const wanted = this.#sent.open.find(({ to }) => to > offset);
    return wanted === undefined ? end : Math.min(end, Math.max(offset, wanted.from));
  }

  /** The first offset from `least` on that is told to lie elsewhere, and still wanted. */
  wantedFrom(least: Offset): Offset | null {
    const wanted = this.#sent.open.find(({ to }) => to > least);
    return wanted === undefined ? null : Math.max(least, wanted.from);
  }

  /** Where the island begins that a batch at `offset` goes on; `offset` itself where none does. */
  openingOf(offset: Offset): Offset {
    return this.#sent.islands.find(({ to }) => to === offset)?.from ?? offset;
  }

  isRejected(from: Offset, to: Offset): boolean {
    return this.#rejected.covers(from, to);
  }

  reject({ from, to }: OffsetRange): void {
    this.#rejected.add(from, to);
  }

  /** Another node holds [from, to): the lane goes on behind it, and it is still wanted. */
  pass(from: Offset, to: Offset): void {
    this.#sent.addOpen(from, to, { by: "" });
  }

  /** [from, to) is on its way. */
  send(from: Offset, to: Offset): void {
    this.#sent.add(from, to);
  }

  /** An answer to an append: answers may overtake each other, so it only ever raises. */
  raise(standing: LogStanding): void {
    for (const set of [this.#held, this.#sent, this.#acknowledged]) {
      set.add(set.watermark, Math.max(standing.held, set.watermark));
      for (const { from, to } of standing.islands ?? []) {
        if (!set.passed(from, to)) set.add(from, to);
      }
    }
    // What was wanted, and is no longer told to lie elsewhere, has come.
    for (const wanted of this.#held.open) {
      const come = without(wanted, standing.elsewhere ?? []);
      for (const { from, to } of come) this.#held.add(from, to);
    }
    if (standing.settled >= this.settled) this.#settle(standing);
  }

  /** An answer to an announcement, with nothing under way: the receiver's word counts as it is. */
  restart(standing: LogStanding): void {
    const { firstOffset } = this.announcement;
    this.announced = true;
    const wanted = (standing.elsewhere ?? []).map((range) => ({ ...range, by: "" }));
    this.#held = new RangeSet(Math.max(firstOffset, standing.held), standing.islands, wanted);
    this.#sent = this.#held.copy();
    this.#acknowledged.add(firstOffset, Math.max(this.held, this.acknowledged));
    for (const { from, to } of this.#held.islands) this.#acknowledged.add(from, to);
    this.#settle(standing);
  }

  #settle({ settled, settledVoids = 0, settledLost = 0 }: LogStanding): void {
    this.settled = Math.max(this.announcement.firstOffset, settled);
    this.settledVoids = settledVoids;
    this.settledLost = settledLost;
  }
}

function areSame(some: readonly OffsetRange[], others: readonly OffsetRange[]): boolean {
  return some.length === others.length &&
    some.every(({ from, to }, at) => others[at]!.from === from && others[at]!.to === to);
}
