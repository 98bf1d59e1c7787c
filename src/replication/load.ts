/**
 * What one lane puts into one request: frames in order, and what they bring each log up to.
 *
 * @module
 */
import { REPLICATION_SKIPS_PER_REQUEST_MAX } from "../base/limits.ts";
import type { Offset } from "../base/types.ts";
import type { AppendWriter, Skip } from "../protocol/replication/append_frames.ts";
import type { ReasonedRange } from "./lane_gaps.ts";
import type { LogCursor } from "./log_cursor.ts";

type LoadFrame =
  | { readonly kind: "batches"; readonly batches: Uint8Array[] }
  | { readonly kind: "skip"; readonly skip: Skip };

/** A few lanes with many skips each still fit one request. */
export const LOAD_SKIPS_MAX = REPLICATION_SKIPS_PER_REQUEST_MAX / 4;

export class Load {
  /** Offsets of the partition below it are in this load, or were before it. */
  to: Offset;
  bytes = 0;
  records = 0;
  skips = 0;
  /** Skips the receiver must answer: which of their offsets it lacks. */
  readonly questions: Skip[] = [];
  /** What will not come and the ledger does not say: it must, before the load is sent. */
  readonly unledgered: Skip[] = [];
  /** What the receiver must hold of each log before the load is done. */
  readonly ends = new Map<LogCursor, Offset>();
  readonly #frames: LoadFrame[] = [];

  constructor(from: Offset) {
    this.to = from;
  }

  get empty(): boolean {
    return this.#frames.length === 0;
  }

  get full(): boolean {
    return this.skips >= LOAD_SKIPS_MAX;
  }

  /** Whether the receiver holds all of it. */
  get held(): boolean {
    for (const [cursor, end] of this.ends) if (cursor.held < end) return false;
    return true;
  }

  batch(cursor: LogCursor, batch: Uint8Array, to: Offset): void {
    const last = this.#frames.at(-1);
    if (last?.kind !== "batches") this.#frames.push({ kind: "batches", batches: [batch] });
    else if (!extended(last.batches, batch)) last.batches.push(batch);
    this.bytes += batch.length;
    this.records += to - cursor.sent;
    this.#reach(cursor, to);
  }

  /** Says that `range` will not come: the log goes on behind it. */
  skip(cursor: LogCursor, range: ReasonedRange): void {
    const { from, to, reason, facts, ledgered } = range;
    const skip = { logId: cursor.logId, from, to, reason, facts };
    this.#skip(skip);
    if (!ledgered && reason !== "void") this.unledgered.push(skip);
    this.#reach(cursor, to);
  }

  /** Asks which offsets of `range`, all of it passed already, the receiver lacks. */
  ask(cursor: LogCursor, range: ReasonedRange): void {
    const { from, to, reason, facts } = range;
    this.#skip({ logId: cursor.logId, from, to, reason, facts });
    this.ends.set(cursor, Math.max(to, this.ends.get(cursor) ?? 0));
  }

  /** Whether `skip` is one of its questions. */
  asks({ logId, from, to }: Pick<Skip, "logId" | "from" | "to">): boolean {
    return this.questions.some((one) => one.logId === logId && one.from === from && one.to === to);
  }

  write(writer: AppendWriter): void {
    for (const frame of this.#frames) {
      if (frame.kind === "batches") writer.batches(frame.batches);
      else writer.skip(frame.skip);
    }
  }

  #skip(skip: Skip): void {
    this.#frames.push({ kind: "skip", skip });
    this.skips++;
    if (skip.reason !== "void") this.questions.push(skip);
  }

  #reach(cursor: LogCursor, to: Offset): void {
    cursor.sent = to;
    this.ends.set(cursor, to);
  }
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
