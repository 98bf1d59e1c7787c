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
import { type ReadableLog, readRecordPage, type RecordPageOptions } from "./record_page.ts";

export interface MergedPage {
  readonly records: readonly PageRecord[];
  readonly gaps: readonly PageGap[];
  /** The next offset of each partition, in their order. */
  readonly nextOffsets: readonly Offset[];
}

/** Below this a partition's share of the page is not cut: reading again costs more. */
const SHARE_BYTES_MIN = 64 * 1024;

/** @throws {OperatingError} offset_out_of_range for the partition whose offset is out of range. */
export async function readMergedPage(
  logs: readonly ReadableLog[],
  offsets: readonly Offset[],
  options: RecordPageOptions,
): Promise<MergedPage> {
  const { maxRecords } = options;
  const maxBytes = Math.min(options.maxBytes, FETCH_DECODED_BYTES_MAX);
  const share = Math.max(Math.floor(maxBytes / logs.length), SHARE_BYTES_MIN);
  const streams = logs.map((log, at) =>
    new Stream(log, offsets[at]!, { ...options, maxBytes: Math.min(share, maxBytes) })
  );
  for (const stream of streams) await stream.fill();

  const records: PageRecord[] = [];
  let bytes = 0;
  while (records.length < maxRecords && bytes < maxBytes) {
    const stream = lowest(streams);
    if (stream === undefined) break;
    const record = stream.take();
    records.push(record);
    bytes += 64 + (record.key?.length ?? 0) + (record.value?.length ?? 0);
    if (stream.head === undefined) await stream.fill();
  }
  const gaps = streams.flatMap((stream) => stream.passedGaps());
  return { records, gaps, nextOffsets: streams.map((stream) => stream.nextOffset) };
}

/** The stream whose head comes first; the first partition of equals. */
function lowest(streams: readonly Stream[]): Stream | undefined {
  let first: Stream | undefined;
  for (const stream of streams) {
    if (stream.head === undefined) continue;
    if (first === undefined || stream.head.timestamp < first.head!.timestamp) first = stream;
  }
  return first;
}

/** One partition, a page at a time, up to the high watermark the merge began with. */
class Stream {
  readonly #log: ReadableLog;
  readonly #options: RecordPageOptions;
  readonly #end: Offset;
  readonly #gaps: PageGap[] = [];
  #page: readonly PageRecord[] = [];
  #at = 0;
  /** Where the next page of the log begins. */
  #readOffset: Offset;
  nextOffset: Offset;

  constructor(log: ReadableLog, offset: Offset, options: RecordPageOptions) {
    this.#log = log;
    this.#options = options;
    this.#readOffset = this.nextOffset = offset;
    // New records of one partition must not keep a page from ending.
    this.#end = log.highWatermark;
  }

  get head(): PageRecord | undefined {
    return this.#page[this.#at];
  }

  take(): PageRecord {
    const record = this.#page[this.#at++]!;
    this.nextOffset = this.#at < this.#page.length ? record.offset + 1 : this.#readOffset;
    return record;
  }

  /** Reads on until there is a head, or the end is reached. The first call checks the offset. */
  async fill(): Promise<void> {
    do {
      const page = await readRecordPage(this.#log, this.#readOffset, this.#options);
      this.#page = page.records.map(detached);
      this.#at = 0;
      this.#gaps.push(...page.gaps);
      this.#readOffset = page.nextOffset;
      if (page.records.length === 0) this.nextOffset = page.nextOffset;
    } while (this.#page.length === 0 && this.#readOffset < this.#end);
  }

  /** Gaps that the reader has passed, and with them the partition they lie in. */
  passedGaps(): PageGap[] {
    return this.#gaps.filter(({ from }) => from < this.nextOffset)
      .map((gap) => ({ partition: this.#log.index, ...gap }));
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
