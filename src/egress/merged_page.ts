/**
 * All partitions of a topic as one stream: at every step the record with the lowest timestamp among
 * the next ones of each partition, and of equal ones that of the lowest partition. Order within a
 * partition is kept, whatever its timestamps say; what was appended later than a page was read comes
 * in a later page, so a reader that follows the cursor meets every record once.
 *
 * @module
 */
import { FETCH_DECODED_BYTES_MAX } from "../base/limits.ts";
import type { Offset } from "../base/types.ts";
import type { PageGap, PageRecord } from "../protocol/http/fetch_body.ts";
import type { SegmentedLog } from "./older_segments.ts";
import { type ReadableLog, readRecordPage, type RecordPageOptions } from "./record_page.ts";
import { type RecordScanOptions, scanRecordPage } from "./record_scan.ts";

export interface MergedPage<Place> {
  readonly records: readonly PageRecord[];
  readonly gaps: readonly PageGap[];
  /** Where a reader stands in each partition, in their order. */
  readonly places: readonly Place[];
}

/** One partition of the merge, whatever a place in it is. */
export interface MergedStream<Place> {
  readonly partition: number;
  read(place: Place, maxBytes: number): Promise<StreamPage<Place>>;
  /** Whether there was nothing behind it when the merge began. */
  isAtEnd(place: Place): boolean;
  /** Whether no more may be looked through: what it finds next is not known then. */
  isSpent?(): boolean;
}

export interface StreamPage<Place> {
  readonly records: readonly PageRecord[];
  /** Where a reader stands right before the first of them, if that is not where he stood. */
  readonly before?: Place | undefined;
  /** Where a reader stands behind each record. */
  readonly after: readonly Place[];
  /** Each is passed with the record of that number; -1: with reading the page. */
  readonly gaps: readonly { readonly gap: PageGap; readonly before: number }[];
  /** Behind all of it. */
  readonly next: Place;
}

export interface MergedPageOptions {
  readonly maxRecords: number;
  readonly maxBytes: number;
}

/** Below this a partition's share of the page is not cut: reading again costs more. */
const SHARE_BYTES_MIN = 64 * 1024;

/** @throws {OperatingError} offset_out_of_range for the partition whose offset is out of range. */
export async function readMergedPage<Place>(
  merged: readonly MergedStream<Place>[],
  places: readonly Place[],
  options: MergedPageOptions,
): Promise<MergedPage<Place>> {
  const { maxRecords } = options;
  const maxBytes = Math.min(options.maxBytes, FETCH_DECODED_BYTES_MAX);
  const share = Math.max(Math.floor(maxBytes / merged.length), SHARE_BYTES_MIN);
  const shareBytes = Math.min(share, maxBytes);
  const streams = merged.map((each, at) => new Stream(each, places[at]!, shareBytes));
  for (const stream of streams) await stream.fill();

  const records: PageRecord[] = [];
  let bytes = 0;
  while (records.length < maxRecords && bytes < maxBytes) {
    // The next of a stream that could not read on might come before all others.
    if (streams.some(({ isHeldUp }) => isHeldUp)) break;
    const stream = lowest(streams);
    if (stream === undefined) break;
    const record = stream.take();
    records.push(record);
    bytes += 64 + (record.key?.length ?? 0) + (record.value?.length ?? 0);
    if (stream.head === undefined) await stream.fill();
  }
  const gaps = streams.flatMap((stream) => stream.passedGaps());
  return { records, gaps, places: streams.map((stream) => stream.place) };
}

/** A partition in the order in which its records lie. */
export function arrivalStream(
  log: ReadableLog,
  options: RecordPageOptions,
): MergedStream<Offset> {
  // New records of one partition must not keep a page from ending.
  const end = log.highWatermark;
  return {
    partition: log.index,
    isAtEnd: (offset) => offset >= end,
    async read(offset, maxBytes) {
      const { records, gaps, nextOffset } = await readRecordPage(log, offset, {
        ...options,
        maxBytes,
      });
      return {
        records,
        after: records.map((record) => record.offset + 1),
        gaps: gaps.map((gap) => ({
          gap,
          before: records.filter((record) => record.offset < gap.from).length,
        })),
        next: nextOffset,
      };
    },
  };
}

/** The same of what a filter wants: between two records a reader stands right before the second. */
export function filteredStream(
  log: ReadableLog & SegmentedLog,
  options: RecordScanOptions,
): MergedStream<Offset> {
  const end = log.highWatermark;
  return {
    partition: log.index,
    isAtEnd: (offset) => offset >= end,
    isSpent: () => options.budget.isSpent,
    async read(offset, maxBytes) {
      const page = await scanRecordPage(log, offset, { ...options, maxBytes });
      const { records, gaps, nextOffset } = page;
      return {
        records,
        before: records[0]?.offset,
        after: records.map((_, at) => records[at + 1]?.offset ?? nextOffset),
        gaps: gaps.map((gap) => {
          const behind = records.filter((record) => record.offset < gap.from).length;
          // One that holds no offsets is right before a record: who stands there has not passed it.
          const isOf = gap.from === gap.to && records[behind]?.offset === gap.from;
          return { gap, before: isOf ? behind : behind - 1 };
        }),
        next: nextOffset,
      };
    },
  };
}

/** The stream whose head comes first; the first partition of equals. */
function lowest<Place>(streams: readonly Stream<Place>[]): Stream<Place> | undefined {
  let first: Stream<Place> | undefined;
  for (const stream of streams) {
    if (stream.head === undefined) continue;
    if (first === undefined || stream.head.timestamp < first.head!.timestamp) first = stream;
  }
  return first;
}

/** One partition, a page at a time. */
class Stream<Place> {
  readonly #merged: MergedStream<Place>;
  readonly #maxBytes: number;
  readonly #gaps: PageGap[] = [];
  #page: StreamPage<Place>;
  #at = 0;
  place: Place;

  constructor(merged: MergedStream<Place>, place: Place, maxBytes: number) {
    this.#merged = merged;
    this.#maxBytes = maxBytes;
    this.#page = { records: [], after: [], gaps: [], next: place };
    this.place = place;
  }

  get head(): PageRecord | undefined {
    return this.#page.records[this.#at];
  }

  /** Whether what comes next is not known, and not to be found out now. */
  get isHeldUp(): boolean {
    return this.head === undefined && !this.#merged.isAtEnd(this.#page.next);
  }

  take(): PageRecord {
    const { records, after, next } = this.#page;
    const record = records[this.#at]!;
    this.place = ++this.#at < records.length ? after[this.#at - 1]! : next;
    return record;
  }

  /** Reads on until there is a head, or the end is reached. The first call checks the place. */
  async fill(): Promise<void> {
    do {
      this.#gaps.push(...this.#passed());
      const page = await this.#merged.read(this.#page.next, this.#maxBytes);
      this.#page = { ...page, records: page.records.map(detached) };
      this.#at = 0;
      if (page.records.length === 0) this.place = page.next;
      else this.place = page.before ?? this.place;
    } while (this.isHeldUp && this.#merged.isSpent?.() !== true);
  }

  /** Gaps that the reader has passed, and with them the partition they lie in. */
  passedGaps(): PageGap[] {
    return [...this.#gaps, ...this.#passed()]
      .map((gap) => ({ partition: this.#merged.partition, ...gap }));
  }

  #passed(): PageGap[] {
    const through = this.head === undefined;
    return this.#page.gaps.filter(({ before }) => through || before < this.#at)
      .map(({ gap }) => gap);
  }
}

/**
 * The record with bytes of its own: as it comes it holds on to its whole batch, which may be many
 * times larger, and there is one for each partition.
 */
function detached(record: PageRecord): PageRecord {
  return {
    ...record,
    key: record.key?.slice() ?? null,
    value: record.value?.slice() ?? null,
    headers: record.headers.map(([name, value]) => [name, value?.slice() ?? null]),
  };
}
