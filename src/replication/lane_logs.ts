/**
 * The logs whose batches stand in one partition, each with its cursor: this node's own runs, one
 * after another, and at a relay the logs of other nodes among them.
 *
 * @module
 */
import type { LogId, Offset, OffsetRange } from "../base/types.ts";
import type { BatchHeader } from "../format/record_batch.ts";
import type { LogPlace } from "../protocol/replication/append_frames.ts";
import type { LaneBooks, LogIdentity } from "./lane_books.ts";
import { type GapFacts, lostUpTo, type ReasonedRange, reasonsFor } from "./lane_gaps.ts";
import type { Load } from "./load.ts";
import { isWhole, type RunBefore, runBefore } from "./log_chain.ts";
import { LogCursor } from "./log_cursor.ts";
import type { BatchPart } from "./recut.ts";
import { SettledMark } from "./settled_mark.ts";

export class LaneLogs {
  readonly #books: LaneBooks;
  readonly #own: LogCursor[] = [];
  readonly #foreign = new Map<LogId, LogCursor>();
  #isFresh = true;
  /** The first own run that is not wholly sent. */
  #ownAt = 0;
  readonly #mark = new SettledMark();
  /** Offsets that batches of other nodes took, since the own run at hand was last covered. */
  #taken: OffsetRange[] = [];

  constructor(books: LaneBooks) {
    this.#books = books;
  }

  /** Takes in own runs drawn since. */
  refresh(): void {
    // Also those of which nothing stands here any more: the upstream may have lost them since.
    for (const logId of this.#isFresh ? this.#books.everAcknowledged?.() ?? [] : []) {
      if (!this.#foreign.has(logId)) this.#announcedHere(logId);
    }
    this.#isFresh = false;
    const rows = this.#books.ownLogs();
    const last = this.#own.at(-1)?.logId;
    if (rows.at(-1)?.logId === last) return;
    // The books may have forgotten old runs, which the cursors still remember.
    const from = rows.findLastIndex((row) => row.logId === last) + 1;
    for (const row of rows.slice(from)) this.#own.push(this.#cursorOf(row, true));
  }

  /** Takes in own runs that hold records; false where the receiver was not told of them all. */
  knowsRuns(highWatermark: Offset): boolean {
    const latest = this.#books.ownLogs().at(-1);
    if (latest === undefined || latest.firstOffset >= highWatermark) return true;
    if (latest.logId !== this.#own.at(-1)?.logId) this.refresh();
    return this.#own.every(({ announced }) => announced);
  }

  /** The cursor of a batch's log. */
  find({ logId, sourceOffset }: Pick<BatchHeader, "logId" | "sourceOffset">): LogCursor {
    const known = this.#known(logId);
    if (known !== null) return known;
    this.refresh();
    const found = this.#known(logId) ?? this.#announcedHere(logId);
    if (found !== null) return found;
    // The books know nothing of it (they may have been lost), the log holds it: it goes as it is.
    const { nodeName, topic, partition } = this.#books;
    const orphan = this.#cursorOf({
      logId,
      gateway: nodeName,
      topic,
      partition,
      firstOffset: sourceOffset,
      predecessor: null,
      predecessorEnd: 0,
      root: logId,
    }, false);
    this.#foreign.set(logId, orphan);
    return orphan;
  }

  *all(): Iterable<LogCursor> {
    yield* this.#own;
    yield* this.#foreign.values();
  }

  /** Where a log ends here by now, exclusive, as far as it will ever be sent. */
  endHere(cursor: LogCursor, highWatermark: Offset): Offset {
    const at = this.#own.indexOf(cursor);
    const end = at < 0
      ? this.#books.endHere?.(cursor.logId) ?? 0
      : Math.min(this.#endOf(at), highWatermark);
    const sent = cursor.sentIslands.at(-1)?.to ?? cursor.sent;
    return Math.max(cursor.announcement.firstOffset, sent, end);
  }

  /** The ends of a load's logs, and of the one this node writes to, which comes last. */
  endsFor(load: Load, highWatermark: Offset): LogPlace[] {
    const cursors = new Set(load.cursors());
    const latest = this.#own.at(-1);
    if (latest?.announced) cursors.add(latest);
    return Array.from(cursors, (cursor) => ({
      logId: cursor.logId,
      offset: this.endHere(cursor, highWatermark),
    }));
  }

  /** Where reading must go on for what the receiver says it holds; see Lane. */
  resumeAt(forwarded: Offset, logStartOffset: Offset): Offset {
    this.#taken = [];
    this.#ownAt = 0;
    let own = Number.POSITIVE_INFINITY;
    this.#own.forEach((cursor, at) => {
      if (cursor.held < this.#endOf(at)) own = Math.min(own, cursor.held);
      own = Math.min(own, cursor.wantedFrom(logStartOffset) ?? own);
    });
    if (this.#own.length > 0 && !this.#books.hasForeign()) return own;
    for (const cursor of this.#foreign.values()) if (cursor.regressed) return logStartOffset;
    return Math.min(forwarded, own);
  }

  /** Whether own runs have skips to send below `upTo`. */
  owes(upTo: Offset): boolean {
    // After a new start the first run is at hand again, and may long be whole.
    while ((this.#own[this.#ownAt]?.sent ?? -1) >= this.#endOf(this.#ownAt)) this.#ownAt++;
    const cursor = this.#own[this.#ownAt];
    return cursor !== undefined && cursor.sent < Math.min(this.#endOf(this.#ownAt), upTo);
  }

  /** How much of what is held below `forwarded` is settled too, in offsets of the partition. */
  settledBelow(forwarded: Offset): Offset {
    // Where a foreign log's settled offset stands here is not known.
    if (this.#foreign.size > 0) return this.#mark.below(forwarded, this.all());
    let settled = forwarded;
    for (const cursor of this.#own) {
      if (cursor.settled < cursor.held) settled = Math.min(settled, cursor.settled);
    }
    return settled;
  }

  /** Whether records of this node stand among those of others. */
  get mixed(): boolean {
    return this.#own.length > 0 && this.#foreign.size > 0;
  }

  /** Islands the receiver has of the log with the most. */
  get islands(): number {
    let most = 0;
    for (const cursor of this.all()) most = Math.max(most, cursor.islands.length);
    return most;
  }

  /** The receiver lacks what it once held. */
  get regressed(): boolean {
    for (const cursor of this.all()) if (cursor.regressed) return true;
    return false;
  }

  /**
   * Passes over what was sent from `offset` on, where the partition holds own records only: nothing
   * of it need be read.
   *
   * @returns where to read on
   */
  passOver(load: Load, offset: Offset): Offset {
    if (this.#own.length === 0 || this.#books.hasForeign()) return offset;
    let at = offset;
    for (const [index, cursor] of this.#own.entries()) {
      const end = Math.min(this.#endOf(index), cursor.sentFrom(at));
      if (cursor.announcement.firstOffset > at || end <= at) continue;
      load.need(cursor, { from: at, to: end });
      at = end;
    }
    return at;
  }

  /** Notes that a batch of another node took the offsets [from, to). */
  took(from: Offset, to: Offset): void {
    if (this.#own.length === 0) return;
    const last = this.#taken.at(-1);
    if (last?.to === from) this.#taken[this.#taken.length - 1] = { from: last.from, to };
    else this.#taken.push({ from, to });
  }

  /**
   * Puts skips into the load for what own runs will not send below `upTo`.
   *
   * @returns false when the load is full before that
   */
  coverOwn(load: Load, upTo: Offset, logStartOffset: Offset): boolean {
    for (; this.#ownAt < this.#own.length; this.#ownAt++) {
      const cursor = this.#own[this.#ownAt]!;
      const end = Math.min(this.#endOf(this.#ownAt), upTo);
      if (cursor.sent < end) {
        const range = { from: cursor.sent, to: end };
        const ledgered = this.#books.ledgered(cursor.logId, true, range);
        const elsewhere = this.#books.elsewhere(cursor.logId);
        const facts = {
          ...{ goneBelow: logStartOffset, elsewhere, ledgered, taken: this.#taken },
          upstream: this.#books.upstream?.(),
          ...(this.#books.hasForeign() && this.#books.delivered !== undefined && {
            voidFrom: Math.max(cursor.acknowledged, this.#books.delivered()),
          }),
        };
        if (!addSkips(load, cursor, range, facts)) return false;
      }
      if (this.#endOf(this.#ownAt) > upTo) break;
    }
    if (this.#taken.length > 0) this.#taken = this.#taken.filter(({ to }) => to > upTo);
    return true;
  }

  /** The same for a log of another node, up to its batch at source offset `upTo`. */
  coverForeign(load: Load, cursor: LogCursor, upTo: Offset): boolean {
    if (this.#books.cameEarly(cursor.logId, upTo)) return this.#payBefore(load, cursor, upTo);
    // Before what follows it, also where a part of that went ahead: the receiver waits for it.
    return this.#coverBefore(load, cursor) && this.#coverForeign(load, cursor, upTo);
  }

  /** The runs before a log's, the first one first: of none the receiver takes a skip before. */
  #coverBefore(load: Load, cursor: LogCursor): boolean {
    const runs = new Map<LogCursor, Offset>();
    let at = this.#runBefore(cursor);
    while (at !== null && !isWhole(at) && !runs.has(at.cursor)) {
      // What of an earlier one may still come is not given up.
      if (runs.size > 0 && (this.#books.passedHere?.(at.cursor.logId) ?? 0) < at.end) break;
      runs.set(at.cursor, at.end);
      at = at.cursor.sent > at.cursor.announcement.firstOffset ? null : this.#runBefore(at.cursor);
    }
    return [...runs].reverse().every(([run, end]) => this.#coverForeign(load, run, end));
  }

  /** Whether a batch came here before the run before its own was whole, which it is not upstream. */
  aheadOfPredecessor(cursor: LogCursor, from: Offset): boolean {
    return this.#waitsForPredecessor(cursor) && this.#books.cameEarly(cursor.logId, from);
  }

  /** Skips a batch that is here and that the receiver will never take. */
  skipRejected(load: Load, cursor: LogCursor, range: OffsetRange): void {
    const ledgered = this.#books.ledgered(cursor.logId, cursor.own, range);
    addSkips(load, cursor, range, { goneBelow: 0, elsewhere: [], ledgered, taken: [] });
  }

  /** Records of a batch, in batches of their own; null where that cannot be. */
  recut(batch: Uint8Array, ranges: readonly OffsetRange[]): BatchPart[] | null {
    return this.#books.recut?.(batch, ranges) ?? null;
  }

  /** Provisional ranges the receiver has passed: only it knows which of them it lacks. */
  *questions(): Iterable<{ cursor: LogCursor; range: ReasonedRange }> {
    for (const cursor of this.all()) {
      for (const entry of this.#books.provisional(cursor.logId)) {
        if (entry.to > cursor.held) continue;
        const facts = { goneBelow: 0, elsewhere: [], ledgered: [entry], taken: [] };
        for (const range of reasonsFor(entry, facts)) yield { cursor, range };
      }
    }
  }

  /** Changes whenever there may be more of those. */
  get ledgerChanges(): number {
    return this.#books.changes?.() ?? 0;
  }

  /** Takes in logs of other nodes of which nothing may be left here but what the ledger says. */
  findOwing(): void {
    for (const logId of this.#books.owing?.() ?? []) {
      if (this.#known(logId) === null) this.#announcedHere(logId);
    }
  }

  /**
   * What was given up of other nodes' logs and comes next in them, and what the upstream alone is
   * said to hold, and lacks: no batch may ever follow it.
   */
  *debts(): Iterable<{ cursor: LogCursor; to: Offset }> {
    for (const cursor of this.#foreign.values()) {
      const to = this.#debtOf(cursor);
      if (to !== null) yield { cursor, to };
    }
  }

  /** Up to where what comes next in the log will not come; null where it may, or has to wait. */
  #debtOf(cursor: LogCursor): Offset | null {
    if (this.#waitsForPredecessor(cursor)) return null;
    const { logId, sent } = cursor;
    const ledgered = this.#books.ledgered(logId, false, { from: sent, to: sent + 1 });
    const given = ledgered.find(({ from, to }) => from <= sent && sent < to);
    if (given !== undefined) return given.to;
    const to = lostUpTo(sent, this.#books.open?.(logId), this.#books.upstream?.());
    return to > sent ? to : null;
  }

  /**
   * What was given up below a batch, and in the runs before it, does not come behind it: where
   * nothing else was missing, the batch is not early, and goes in its turn.
   */
  #payBefore(load: Load, cursor: LogCursor, upTo: Offset): boolean {
    const ends = new Map([[cursor, upTo]]);
    let before = this.#runBefore(cursor);
    while (before !== null && !isWhole(before) && !ends.has(before.cursor)) {
      ends.set(before.cursor, before.end);
      before = this.#runBefore(before.cursor);
    }
    for (const [at, end] of [...ends].reverse()) {
      for (let to = this.#debtOf(at); to !== null && at.sent < end; to = this.#debtOf(at)) {
        if (!this.#coverForeign(load, at, Math.min(to, end))) return false;
      }
    }
    return true;
  }

  /**
   * Skips what the receiver held of other nodes' logs, lost, and did not get again, though all that
   * stands here was read: no batch may ever follow it.
   *
   * @returns false when the load is full before that
   */
  skipLost(load: Load): boolean {
    for (let before = -1; before !== load.skips;) {
      before = load.skips;
      for (const cursor of this.#foreign.values()) {
        const passed = this.#books.passedHere?.(cursor.logId) ?? 0;
        const upTo = Math.min(cursor.acknowledged, passed);
        if (cursor.sent >= upTo || this.#waitsForPredecessor(cursor)) continue;
        if (!this.#coverForeign(load, cursor, upTo)) return false;
      }
    }
    return true;
  }

  /** Puts a skip for it into the load. @returns false when the load is full */
  pay(load: Load, { cursor, to }: { readonly cursor: LogCursor; readonly to: Offset }): boolean {
    return this.#coverForeign(load, cursor, to);
  }

  #waitsForPredecessor(cursor: LogCursor): boolean {
    const before = this.#runBefore(cursor);
    return before !== null && !isWhole(before);
  }

  #runBefore(cursor: LogCursor): RunBefore | null {
    return runBefore(cursor, (logId) => this.#foreign.get(logId));
  }

  #coverForeign(load: Load, cursor: LogCursor, upTo: Offset): boolean {
    if (cursor.sent >= upTo) return true;
    const range = { from: cursor.sent, to: upTo };
    const ledgered = this.#books.ledgered(cursor.logId, false, range);
    // Its offsets are not this partition's: what was acknowledged once was not damaged here.
    const goneBelow = cursor.acknowledged;
    const elsewhere = this.#books.elsewhere(cursor.logId);
    const facts = { goneBelow, elsewhere, ledgered, taken: [], upstream: this.#books.upstream?.() };
    return addSkips(load, cursor, range, facts);
  }

  /** Where an own run ends, as far as it will ever be sent. */
  #endOf(at: number): Offset {
    return this.#own[at + 1]?.announcement.predecessorEnd ?? Number.POSITIVE_INFINITY;
  }

  #known(logId: LogId): LogCursor | null {
    const latest = this.#own.at(-1);
    if (latest?.logId === logId) return latest;
    return this.#foreign.get(logId) ?? this.#own.find((own) => own.logId === logId) ?? null;
  }

  #announcedHere(logId: LogId): LogCursor | null {
    const identity = this.#books.foreignLog(logId);
    if (identity === null) return null;
    const cursor = this.#cursorOf(identity, false);
    this.#foreign.set(logId, cursor);
    // Its predecessors' batches come first, so the receiver must know where those stand.
    for (let { predecessor: at } = identity; at !== null && this.#known(at) === null;) {
      const before = this.#books.foreignLog(at);
      if (before === null) break;
      this.#foreign.set(at, this.#cursorOf(before, false));
      at = before.predecessor;
    }
    return cursor;
  }

  #cursorOf(identity: LogIdentity, own: boolean): LogCursor {
    const acknowledged = this.#books.acknowledged(identity.logId);
    const rejected = this.#books.ledgered(identity.logId, own)
      .filter(({ reason }) => reason === "rejected");
    const passed = () => own ? 0 : this.#books.passedHere?.(identity.logId) ?? 0;
    return new LogCursor(identity, { own, acknowledged, rejected, passed });
  }
}

/** Skips what of `range` was not sent otherwise. */
function addSkips(load: Load, cursor: LogCursor, range: OffsetRange, facts: GapFacts): boolean {
  for (const unsent of cursor.unsent(range.from, range.to)) {
    for (const part of reasonsFor(unsent, facts)) {
      if (load.full) return false;
      load.skip(cursor, part);
    }
  }
  return true;
}
