/**
 * What one lane puts into one request: frames in order, and what they bring each log up to.
 *
 * @module
 */
import { REPLICATION_SKIPS_PER_REQUEST_MAX } from "../base/link_limits.ts";
import type { LogId, Offset, OffsetRange } from "../base/types.ts";
import type {
  AppendWriter,
  LogPlace,
  Skip,
  SkipReason,
} from "../protocol/replication/append_frames.ts";
import type { LaneMode } from "../protocol/replication/lane_name.ts";
import { VERSION_WITH_ISLANDS } from "../protocol/replication/version.ts";
import type { ReasonedRange } from "./lane_gaps.ts";
import type { LogCursor } from "./log_cursor.ts";

type LoadFrame =
  | { readonly kind: "batches"; readonly batches: Uint8Array[] }
  | { readonly kind: "skip"; readonly skip: Skip }
  | { readonly kind: "open"; readonly opening: LogPlace };

type SkippedRange = Pick<Skip, "logId" | "from" | "to">;

/** A few lanes with many skips each still fit one request. */
export const LOAD_SKIPS_MAX = REPLICATION_SKIPS_PER_REQUEST_MAX / 4;

export class Load {
  /** Offsets of the partition below it are in this load, or were before it. */
  to: Offset;
  mode: LaneMode;
  bytes = 0;
  records = 0;
  skips = 0;
  /** Where logs end here by now: the receiver is told, so that it knows what is still to come. */
  ends: readonly LogPlace[] = [];
  /** Skips the receiver must answer: which of their offsets it lacks. */
  readonly questions: Skip[] = [];
  /** What will not come and the ledger does not say: it must, before the load is sent. */
  readonly unledgered: Skip[] = [];
  /** When the newest record in it became durable here, in a live lane; else null. */
  newestMs: number | null = null;
  /** What it brings, or asks about, of each log. */
  readonly #brings = new Map<LogCursor, OffsetRange[]>();
  /** What the receiver must hold besides, before the load is done. */
  readonly #needs = new Map<LogCursor, OffsetRange[]>();
  readonly #opened = new Map<LogCursor, Set<Offset>>();
  readonly #frames: LoadFrame[] = [];
  readonly #version: number;

  /** @param version what the session speaks */
  constructor(from: Offset, mode: LaneMode = "strict", version = VERSION_WITH_ISLANDS) {
    this.to = from;
    this.mode = mode;
    this.#version = version;
  }

  get empty(): boolean {
    return this.#frames.length === 0;
  }

  get full(): boolean {
    return this.skips >= LOAD_SKIPS_MAX;
  }

  /** Whether the receiver holds what it brought. */
  get taken(): boolean {
    return areHeld(this.#brings);
  }

  /** Whether it holds all that lies below the load's end, as far as it is known here. */
  get held(): boolean {
    return this.taken && areHeld(this.#needs);
  }

  /** Whether it brings all of that range. */
  brings(logId: LogId, { from, to }: OffsetRange): boolean {
    for (const [cursor, ranges] of this.#brings) {
      if (cursor.logId !== logId) continue;
      return ranges.some((range) => range.from <= from && to <= range.to);
    }
    return false;
  }

  /** Logs it has to do with. */
  cursors(): Iterable<LogCursor> {
    return this.#brings.keys();
  }

  /** Where the receiver must hold a log for the load to be done; null where it is not in it. */
  endOf(cursor: LogCursor): Offset | null {
    return this.#brings.get(cursor)?.at(-1)?.to ?? null;
  }

  batch(cursor: LogCursor, batch: Uint8Array, { from, to }: OffsetRange): void {
    const last = this.#frames.at(-1);
    if (last?.kind !== "batches") this.#frames.push({ kind: "batches", batches: [batch] });
    else if (!extended(last.batches, batch)) last.batches.push(batch);
    this.bytes += batch.length;
    this.records += to - from;
    this.#send(cursor, { from, to });
  }

  /** The batches of a log that follow may begin an island at `offset`, or go on with one. */
  open(cursor: LogCursor, offset: Offset): void {
    this.mode = "live";
    const opened = this.#opened.get(cursor) ?? new Set();
    if (opened.has(offset)) return;
    this.#opened.set(cursor, opened.add(offset));
    this.#frames.push({ kind: "open", opening: { logId: cursor.logId, offset } });
  }

  /** What goes otherwise, and must be held too before the load is done. */
  need(cursor: LogCursor, range: OffsetRange): void {
    if (!cursor.holds(range.from, range.to)) put(this.#needs, cursor, range);
  }

  /** Says that `range` will not come: the log goes on behind it. */
  skip(cursor: LogCursor, range: ReasonedRange): void {
    const { from, to, facts, ledgered, holders } = range;
    const reason = this.#version < VERSION_WITH_ISLANDS ? inVersion1(range.reason) : range.reason;
    const known = reason === "elsewhere" && holders !== undefined ? { holders } : {};
    const skip = { logId: cursor.logId, from, to, reason, facts, ...known };
    this.#skip(skip);
    if (!ledgered && isLoss(reason)) this.unledgered.push(skip);
    if (reason !== "elsewhere") return this.#send(cursor, { from, to });
    put(this.#brings, cursor, { from, to });
    cursor.pass(from, to);
  }

  /** Asks which offsets of `range`, all of it passed already, the receiver lacks. */
  ask(cursor: LogCursor, range: ReasonedRange): void {
    const { from, to, facts } = range;
    const reason = this.#version < VERSION_WITH_ISLANDS ? inVersion1(range.reason) : range.reason;
    this.#skip({ logId: cursor.logId, from, to, reason, facts });
    if (!this.#brings.has(cursor)) this.#brings.set(cursor, [{ from, to }]);
  }

  /** Whether `skip` is one of its questions. */
  asks(skip: SkippedRange): boolean {
    return this.questions.some((one) => areSame(one, skip));
  }

  /** Whether there is an answer to each of them. */
  isAnsweredBy(skips: readonly SkippedRange[]): boolean {
    return this.questions.every((one) => skips.some((skip) => areSame(one, skip)));
  }

  write(writer: Pick<AppendWriter, "end" | "batches" | "skip" | "open">): void {
    for (const end of this.ends) writer.end(end);
    for (const frame of this.#frames) {
      if (frame.kind === "batches") writer.batches(frame.batches);
      else if (frame.kind === "skip") writer.skip(frame.skip);
      else writer.open(frame.opening);
    }
  }

  #skip(skip: Skip): void {
    this.#frames.push({ kind: "skip", skip });
    this.skips++;
    if (isLoss(skip.reason)) this.questions.push(skip);
  }

  #send(cursor: LogCursor, range: OffsetRange): void {
    put(this.#brings, cursor, range);
    cursor.send(range.from, range.to);
  }
}

/** What version 1 has no word for: no loss is no loss, and what an operator took is gone. */
function inVersion1(reason: SkipReason): SkipReason {
  if (reason === "elsewhere") return "void";
  return reason === "wiped" ? "evicted" : reason;
}

function areHeld(ranges: ReadonlyMap<LogCursor, readonly OffsetRange[]>): boolean {
  for (const [cursor, each] of ranges) {
    if (!each.every(({ from, to }) => cursor.holds(from, to))) return false;
  }
  return true;
}

function areSame(a: SkippedRange, b: SkippedRange): boolean {
  return a.logId === b.logId && a.from === b.from && a.to === b.to;
}

/** Neighbours become one. */
function put(ranges: Map<LogCursor, OffsetRange[]>, cursor: LogCursor, range: OffsetRange): void {
  const known = ranges.get(cursor) ?? [];
  const last = known.at(-1);
  if (last?.to === range.from) known[known.length - 1] = { from: last.from, to: range.to };
  else known.push(range);
  ranges.set(cursor, known);
}

/** Whether records are missing at the end of the chain for it. */
function isLoss(reason: SkipReason): boolean {
  return reason !== "void" && reason !== "elsewhere";
}

/** Neighbours in one buffer are copied as one. */
function extended(batches: Uint8Array[], batch: Uint8Array): boolean {
  const last = batches.at(-1)!;
  if (last.buffer !== batch.buffer || last.byteOffset + last.length !== batch.byteOffset) {
    return false;
  }
  const length = last.length + batch.length;
  batches[batches.length - 1] = new Uint8Array(last.buffer, last.byteOffset, length);
  return true;
}
