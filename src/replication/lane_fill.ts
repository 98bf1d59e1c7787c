/**
 * Fills one load of a lane from its partition: batches as they lie there, and before each what must
 * be skipped. A live stream skips nothing: where records are missing in it, it ends.
 *
 * @module
 */
import { isOperatingError, OperatingError } from "../base/errors.ts";
import type { Offset, OffsetRange } from "../base/types.ts";
import { readBatchHeader } from "../format/record_batch.ts";
import type { LaneLog } from "./lane.ts";
import type { LaneLogs } from "./lane_logs.ts";
import type { Load } from "./load.ts";
import type { LogCursor } from "./log_cursor.ts";
import type { BatchPart } from "./recut.ts";
import type { Stream } from "./stream.ts";

export interface LaneFillOptions {
  readonly name: string;
  readonly log: LaneLog;
  readonly logs: LaneLogs;
  readonly stream: Stream;
  readonly isLive: boolean;
  /** The receiver takes batches ahead of their turn. */
  readonly islands: boolean;
  /** False once the load is not wanted any more. */
  readonly isWanted: () => boolean;
}

export interface FillAmount {
  readonly bytesMax: number;
  /** Memory for what is read. */
  readonly into?: Uint8Array | undefined;
}

/**
 * How it ended: `unannounced`, at a batch of a log the receiver was not told of; `gap`, where
 * records are missing in a live stream up to `at`.
 */
export type FillEnd =
  | { readonly kind: "read" | "unannounced" }
  | { readonly kind: "gap"; readonly at: Offset };

const READ: FillEnd = { kind: "read" };

export class LaneFill {
  readonly #options: LaneFillOptions;
  readonly #load: Load;

  constructor(load: Load, options: LaneFillOptions) {
    this.#options = options;
    this.#load = load;
  }

  async run({ bytesMax, into }: FillAmount): Promise<FillEnd> {
    const { stream, isLive, logs, isWanted } = this.#options;
    const load = this.#load;
    // A run of which nothing is left to read must not pass for the one before.
    if (!logs.knowsRuns(this.#options.log.highWatermark)) return { kind: "unannounced" };
    if (!isLive && !this.#cover(stream.cursor)) return READ;
    load.to = stream.cursor = Math.min(logs.passOver(load, stream.cursor), stream.until);
    // Nothing to read, but skips may have been owed.
    if (bytesMax === 0 || !this.#hasMore()) return READ;
    const { batches, nextOffset } = await this.#read(bytesMax, into);
    if (!isWanted()) return READ;
    for (const batch of batches) {
      const end = this.#add(batch);
      if (end !== null) return end;
    }
    if (isLive) return nextOffset > load.to ? this.#gap(nextOffset) : READ;
    if (this.#cover(nextOffset)) load.to = nextOffset;
    return READ;
  }

  async #read(maxBytes: number, into?: Uint8Array) {
    const { log, stream } = this.#options;
    for (;;) {
      if (!this.#hasMore()) return { batches: [], nextOffset: stream.cursor };
      try {
        return await log.read(stream.cursor, { maxBytes, upTo: stream.until, into });
      } catch (error) {
        const { logStartOffset } = log;
        const evicted = isOperatingError(error, "offset_out_of_range");
        if (!evicted || stream.cursor >= logStartOffset) throw error;
        // Evicted under our feet: what is gone travels as a skip.
        stream.cursor = logStartOffset;
      }
    }
  }

  /** Puts one batch into the load, with what must be skipped before it; null when it did. */
  #add(batch: Uint8Array): FillEnd | null {
    const { logs, isLive } = this.#options;
    const load = this.#load;
    const header = readBatchHeader(batch);
    const { baseOffset, sourceOffset: from } = header;
    const next = header.lastOffset + 1;
    if (isLive && baseOffset > load.to) return this.#gap(baseOffset);
    if (!isLive && !this.#cover(baseOffset)) return READ;
    const cursor = logs.find(header);
    // Drawn, or announced here, since the logs were. What was read is read again afterwards.
    if (!cursor.announced) return { kind: "unannounced" };

    if (!cursor.own && !isLive) {
      if (!logs.coverForeign(load, cursor, from)) return READ;
    }
    if (!this.#put(cursor, batch, from)) return READ;
    if (!cursor.own && !isLive) logs.took(baseOffset, next);
    load.to = next;
    return null;
  }

  /** False where more of it goes once the receiver said what it has there. */
  #put(cursor: LogCursor, batch: Uint8Array, from: Offset): boolean {
    const { name, log, logs } = this.#options;
    const { baseOffset, lastOffset } = readBatchHeader(batch);
    const to = from + lastOffset - baseOffset + 1;
    const sent = cursor.sentOf(from, to);
    // What the receiver holds already is passed over, not sent.
    if (sent === "all") this.#load.need(cursor, { from, to });
    if (sent === "none") this.#send(cursor, { from, to, batch }, baseOffset);
    if (sent !== "some") return true;
    const lacking = cursor.unsent(from, to);
    const known = lacking.filter((range) => range.from < cursor.knownTo);
    const parts = logs.recut(batch, known) ?? [];
    if (parts.length === 0 && this.#load.empty) {
      throw new OperatingError(
        "lane_out_of_order",
        `Cannot forward ${name}: the upstream holds log ${cursor.logId} up to ` +
          `${cursor.sentFrom(from)}, inside the batch [${from}, ${to})`,
        { topic: log.topic, partition: log.index, log_id: cursor.logId },
      );
    }
    for (const part of parts) this.#send(cursor, part, baseOffset);
    if (parts.length === 0 || known.length < lacking.length) return false;
    this.#load.need(cursor, { from, to });
    return true;
  }

  #send(cursor: LogCursor, { from, to, batch }: BatchPart, baseOffset: Offset): void {
    const { logs, isLive } = this.#options;
    const isAhead = isLive || from !== cursor.sent || logs.aheadOfPredecessor(cursor, from);
    if (isAhead && !this.#options.islands) return this.#holdBack(cursor, { from, to }, baseOffset);
    if (isAhead) this.#open(cursor, { from, to });
    if (cursor.isRejected(from, to)) logs.skipRejected(this.#load, cursor, { from, to });
    else this.#load.batch(cursor, batch, { from, to });
  }

  /** It goes once what must come before it has come, further on here. */
  #holdBack(cursor: LogCursor, range: OffsetRange, baseOffset: Offset): void {
    const { stream } = this.#options;
    stream.again = Math.min(stream.again, baseOffset);
    this.#load.need(cursor, range);
  }

  #open(cursor: LogCursor, range: OffsetRange): void {
    const { stream, isLive } = this.#options;
    const { from } = range;
    const opening = isLive ? stream.openingOf(cursor, range) : cursor.openingOf(from);
    // What goes on where the load's last batch ended needs no opening of its own.
    if (this.#load.endOf(cursor) !== from) this.#load.open(cursor, opening);
  }

  /** What is there goes first. */
  #gap(at: Offset): FillEnd {
    return this.#load.empty ? { kind: "gap", at } : READ;
  }

  #cover(upTo: Offset): boolean {
    const { log, logs } = this.#options;
    return logs.coverOwn(this.#load, upTo, log.logStartOffset);
  }

  #hasMore(): boolean {
    const { log, stream } = this.#options;
    return stream.cursor < Math.min(stream.until, log.highWatermark);
  }
}
