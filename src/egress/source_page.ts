/**
 * A page of one partition in the order of source: of each log, and each chain of logs, only what is
 * there in one piece, in its order, every record once. What came out of its order is passed over
 * where it lies, and read right before the local offset at which what was missing below it had come
 * (store/source_order.ts). A reader stands at a local offset, and within a splice at a source offset.
 *
 * @module
 */
import { isOperatingError, OperatingError } from "../base/errors.ts";
import { FETCH_DECODED_BYTES_MAX, SOURCE_SCAN_BYTES_MAX } from "../base/limits.ts";
import { FETCH_SCAN_READ_BYTES } from "../base/reader_limits.ts";
import type { Offset } from "../base/types.ts";
import { readBatchHeader } from "../format/record_batch.ts";
import type { SplicePlace } from "../protocol/http/cursor.ts";
import type { PageGap, PageRecord } from "../protocol/http/fetch_body.ts";
import type { SourceReading } from "../store/source_order.ts";
import { PageBuilder, type RecordPageOptions } from "./record_page.ts";
import type { ScanBudget } from "./record_scan.ts";
import type { ScanTurns } from "./scan_turns.ts";

export interface SourcePlace {
  /** Next in the local log. */
  readonly offset: Offset;
  /** In what is read before that; null at its beginning, or where there is none. */
  readonly splice: SplicePlace | null;
}

/** What it needs of a PartitionLog. */
export interface SourceLog {
  readonly topic: string;
  readonly index: number;
  readonly logStartOffset: Offset;
  readonly highWatermark: Offset;
  read(offset: Offset, options: { maxBytes: number; upTo?: Offset }): Promise<SourceRead>;
}

interface SourceRead {
  readonly batches: readonly Uint8Array[];
  readonly nextOffset: Offset;
  readonly gaps: readonly PageGap[];
}

export interface PassedGap {
  readonly gap: PageGap;
  /** Records of the page that come before it. */
  readonly before: number;
}

export interface SourcePage {
  readonly records: readonly PageRecord[];
  /** Where a reader stands before the first of them, all else up to it looked through. */
  readonly before: SourcePlace;
  /** Where a reader stands behind each of them. */
  readonly after: readonly SourcePlace[];
  readonly gaps: readonly PassedGap[];
  readonly next: SourcePlace;
}

export interface SourcePageOptions extends RecordPageOptions {
  readonly order: SourceReading;
  /** Given where there is a filter: most may have to be looked through in vain. */
  readonly scan?: { readonly budget: ScanBudget; readonly turns: ScanTurns } | undefined;
}

type Splice = ReturnType<SourceReading["at"]>[number];

/** Bytes read at a time: most of them may be passed over. */
const READ_BYTES = 1024 * 1024;

/**
 * Reads until the page is full, the end is reached, or much was passed over: a page with few records
 * is not the last one unless the place did not move.
 *
 * @throws {OperatingError} offset_out_of_range, log_diverged
 */
export async function readSourcePage(
  log: SourceLog,
  place: SourcePlace,
  options: SourcePageOptions,
): Promise<SourcePage> {
  const maxBytes = Math.min(options.maxBytes, FETCH_DECODED_BYTES_MAX);
  const reader = new SourceReader(log, place, { ...options, maxBytes });
  await reader.run();
  return reader.page();
}

/** Whether nothing more can be read there now. */
export function isAtEnd(log: SourceLog, order: SourceReading, place: SourcePlace): boolean {
  return place.offset >= order.end(log.highWatermark) && spliceAt(order, place) === null;
}

class SourceReader {
  readonly #log: SourceLog;
  readonly #order: SourceReading;
  readonly #builder: PageBuilder;
  readonly #after: SourcePlace[] = [];
  readonly #gaps: PassedGap[] = [];
  readonly #readBytes: number;
  readonly #scan: SourcePageOptions["scan"];
  #place: SourcePlace;
  #before: SourcePlace;
  #scannedBytes = 0;
  #full = false;

  constructor(log: SourceLog, place: SourcePlace, options: SourcePageOptions) {
    this.#log = log;
    this.#order = options.order;
    this.#builder = new PageBuilder(log, options);
    this.#scan = options.scan;
    this.#readBytes = options.scan ? FETCH_SCAN_READ_BYTES : Math.min(READ_BYTES, options.maxBytes);
    this.#place = this.#before = place;
  }

  async run(): Promise<void> {
    const { logStartOffset, highWatermark } = this.#log;
    if (this.#place.offset < logStartOffset) {
      await this.#log.read(this.#place.offset, { maxBytes: 1 });
    }
    // What comes meanwhile is for the next page.
    const end = this.#order.end(highWatermark);
    while (!this.#full && !this.#builder.full && !this.#isSpent) {
      const splice = spliceAt(this.#order, this.#place);
      if (splice === null && this.#place.offset >= end) return;
      const step = () => splice === null ? this.#readPlain(end) : this.#readSplice(splice);
      await (this.#scan === undefined ? step() : this.#scan.turns.run(step));
    }
  }

  get #isSpent(): boolean {
    return this.#scannedBytes >= SOURCE_SCAN_BYTES_MAX || this.#scan?.budget.isSpent === true;
  }

  page(): SourcePage {
    return {
      records: this.#builder.records,
      before: this.#before,
      after: this.#after,
      gaps: this.#gaps,
      next: this.#place,
    };
  }

  /** What lies here and is not out of order, up to where something is spliced in. */
  async #readPlain(end: Offset): Promise<void> {
    const upTo = Math.min(end, this.#order.next(this.#place.offset));
    const read = await this.#log.read(this.#place.offset, { maxBytes: this.#readBytes, upTo });
    this.#passed(read.gaps);
    for (const batch of read.batches) {
      const { logId, sourceOffset, lastOffset } = readBatchHeader(batch);
      this.#count(batch.length);
      if (!this.#order.aside(logId, sourceOffset)) {
        const range = { from: this.#place.offset, to: Infinity };
        if (!this.#add(batch, range, ({ offset }) => ({ offset: offset + 1, splice: null }))) {
          return;
        }
      }
      this.#place = { offset: lastOffset + 1, splice: null };
    }
    this.#place = { offset: read.nextOffset, splice: null };
  }

  /** Looks for what a splice holds, between all that came with it. */
  async #readSplice(splice: Splice): Promise<void> {
    const { offset } = this.#place;
    const { logId, to, mergedAt } = splice;
    let { next, at } = placeIn(splice, this.#place.splice);
    const stand = () => this.#place = { offset, splice: { logId, next, at } };
    const start = this.#log.logStartOffset;
    if (at < start) {
      const source = { log_id: logId, from: next };
      this.#passed([{ from: at, to: start, reason: "retention", source }]);
      at = start;
    }
    const read = await this.#readFrom(at, mergedAt);
    if (read === null) return void stand();
    this.#passed(read.gaps);
    for (const batch of read.batches) {
      const header = readBatchHeader(batch);
      const sourceEnd = header.sourceOffset + header.lastOffset - header.baseOffset + 1;
      this.#count(batch.length);
      if (header.logId === logId && header.sourceOffset < to && sourceEnd > next) {
        const shift = header.baseOffset - header.sourceOffset;
        const { baseOffset } = header;
        const after = (record: PageRecord) => ({
          offset,
          splice: placeBehind(splice, record.offset - shift + 1, baseOffset),
        });
        if (!this.#add(batch, { from: next + shift, to: to + shift }, after)) return;
        next = sourceEnd;
      }
      at = header.lastOffset + 1;
      stand();
    }
    at = read.nextOffset;
    if (at >= mergedAt) next = to;
    this.#place = { offset, splice: placeBehind(splice, next, at) };
  }

  /** Null where retention took the place away meanwhile. */
  async #readFrom(at: Offset, upTo: Offset): Promise<SourceRead | null> {
    try {
      return await this.#log.read(at, { maxBytes: this.#readBytes, upTo });
    } catch (error) {
      if (!isOperatingError(error, "offset_out_of_range")) throw error;
      if (at >= this.#log.logStartOffset) throw error;
      return null;
    }
  }

  /** False once the page is full; the place is then behind its last record. */
  #add(
    batch: Uint8Array,
    range: { readonly from: Offset; readonly to: Offset },
    after: (record: PageRecord) => SourcePlace,
  ): boolean {
    if (this.#after.length === 0) this.#before = this.#place;
    const { records, gaps } = this.#builder;
    const known = gaps.length;
    const added = this.#builder.add(batch, range);
    // What a batch tells of stands before its records.
    this.#passed(gaps.slice(known));
    while (this.#after.length < records.length) {
      this.#place = after(records[this.#after.length]!);
      this.#after.push(this.#place);
    }
    this.#full = !added;
    return added;
  }

  #count(bytes: number): void {
    this.#scannedBytes += bytes;
    this.#scan?.budget.spend(bytes);
  }

  #passed(gaps: readonly PageGap[]): void {
    for (const gap of gaps) this.#gaps.push({ gap, before: this.#after.length });
  }
}

/** The splice to be read on, or begun, at a place; null where there is none, or none any more. */
function spliceAt(order: SourceReading, { offset, splice }: SourcePlace): Splice | null {
  const splices = order.at(offset);
  if (splice === null) return splices[0] ?? null;
  const at = splices.findIndex((each) => isIn(each, splice));
  if (at >= 0) return isDone(splices[at]!, splice) ? splices[at + 1] ?? null : splices[at]!;
  // Nothing may be read yet, or what he stood in is not what this log holds.
  if (splices.length === 0 && order.end(Infinity) <= offset) return null;
  throw new OperatingError(
    "log_diverged",
    `Cannot go on within log ${splice.logId} at ${splice.next}: it was not received there`,
    { log_id: splice.logId, source_offset: splice.next, offset },
  );
}

/** One he is through with is told from the one behind it by where he looks: where it was merged. */
function isDone({ mergedAt }: Splice, { at }: SplicePlace): boolean {
  return at >= mergedAt;
}

function isIn(splice: Splice, place: SplicePlace): boolean {
  if (splice.logId !== place.logId) return false;
  if (isDone(splice, place)) return splice.to === place.next;
  return splice.from <= place.next && place.next < splice.to;
}

function placeIn(splice: Splice, place: SplicePlace | null): { next: Offset; at: Offset } {
  if (place !== null && isIn(splice, place)) return { ...place };
  return { next: splice.from, at: splice.localStart };
}

function placeBehind({ logId, to, mergedAt }: Splice, next: Offset, at: Offset): SplicePlace {
  return next < to ? { logId, next, at } : { logId, next: to, at: mergedAt };
}
