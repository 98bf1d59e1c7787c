/**
 * A page of records out of one partition's log: batches from the disk, decoded, cut to what the
 * reader asked for. What is held is bounded twice: by the bytes read, and by the bytes they decode
 * to, since a batch may be much larger than it looks.
 *
 * @module
 */
import { isOperatingError } from "../base/errors.ts";
import { DECOMPRESSED_BYTES_MAX, FETCH_DECODED_BYTES_MAX } from "../base/limits.ts";
import type { LogId, Offset } from "../base/types.ts";
import type { Core } from "../core/core.ts";
import type { DecodedRecord } from "../core/record.ts";
import { type Inflate, inflatedRecords } from "../format/codec.ts";
import { type BatchHeader, HEADER_SIZE, readBatchHeader } from "../format/record_batch.ts";
import type { PageGap, PageRecord, RecordSource } from "../protocol/http/fetch_body.ts";
import type { LossesBefore } from "./ledgered_losses.ts";
import type { RecordFilter } from "./record_filter.ts";

/** What it needs of a PartitionLog. */
export interface ReadableLog {
  readonly topic: string;
  readonly index: number;
  readonly highWatermark: Offset;
  read(offset: Offset, options: { maxBytes: number; into?: Uint8Array | undefined }): Promise<{
    readonly batches: readonly Uint8Array[];
    readonly nextOffset: Offset;
    readonly gaps: readonly PageGap[];
  }>;
}

/** Who a log id belongs to, as far as this node knows. */
export type SourceOf = (logId: LogId) => Pick<RecordSource, "gateway" | "partition">;

export interface RecordPageOptions {
  readonly core: Core;
  readonly inflate: Inflate;
  readonly maxRecords: number;
  readonly maxBytes: number;
  /** Given where the reader asked for the source of each record. */
  readonly sourceOf?: SourceOf | undefined;
  /** Tells what was lost before it came here. */
  readonly lossesBefore?: LossesBefore | undefined;
  /** Given where the reader wants only some records. */
  readonly filter?: RecordFilter | undefined;
}

export interface RecordPage {
  readonly records: readonly PageRecord[];
  readonly gaps: readonly PageGap[];
  readonly nextOffset: Offset;
}

/** @throws {OperatingError} offset_out_of_range, with the valid range. */
export async function readRecordPage(
  log: ReadableLog,
  offset: Offset,
  options: RecordPageOptions,
): Promise<RecordPage> {
  const maxBytes = Math.min(options.maxBytes, FETCH_DECODED_BYTES_MAX);
  const page = new PageBuilder(log, { ...options, maxBytes });
  const gaps: PageGap[] = [];
  let nextOffset = offset;
  for await (const read of readOn(log, offset, maxBytes)) {
    gaps.push(...read.gaps);
    for (const batch of read.batches) {
      if (!page.add(batch, { from: offset, to: Infinity })) return page.cut(gaps, offset);
    }
    nextOffset = read.nextOffset;
  }
  return { records: page.records, gaps: [...gaps, ...page.gaps], nextOffset };
}

/**
 * Reads until about `maxBytes` or the high watermark are reached: one read of the log ends early at
 * the end of a segment and in front of damage, and a reader should not have to notice. A page that
 * is half full is left at that: the batch that fills it may be too large for what is left.
 *
 * @param into memory for all that is read, where it is large enough
 */
export async function* readOn(
  log: ReadableLog,
  offset: Offset,
  ...[maxBytes, into]: [maxBytes: number, into?: Uint8Array]
): AsyncIterable<Awaited<ReturnType<ReadableLog["read"]>>> {
  const end = log.highWatermark;
  let bytes = 0;
  let room = into;
  for (let at = offset; at < end && bytes <= maxBytes / 2;) {
    const read = await log.read(at, { maxBytes: maxBytes - bytes, into: room });
    room = behind(room, read.batches);
    const size = read.batches.reduce((sum, { length }) => sum + length, 0);
    // A read gives one batch at least; a page that has some already is not overfilled by it.
    if (bytes > 0 && bytes + size > maxBytes) return;
    yield read;
    bytes += size;
    at = read.nextOffset;
  }
}

/** What is left of the memory behind the last of the batches. */
function behind(
  room: Uint8Array | undefined,
  batches: readonly Uint8Array[],
): Uint8Array | undefined {
  const last = batches.at(-1);
  if (room === undefined || last === undefined || last.buffer !== room.buffer) return room;
  return room.subarray(last.byteOffset + last.length - room.byteOffset);
}

/** Gathers the records of one page. */
export class PageBuilder {
  readonly records: PageRecord[] = [];
  readonly gaps: PageGap[] = [];
  #bytes = 0;

  constructor(
    readonly log: Pick<ReadableLog, "topic" | "index">,
    readonly options: RecordPageOptions,
  ) {}

  get full(): boolean {
    const { maxRecords, maxBytes } = this.options;
    return this.records.length >= maxRecords || this.#bytes >= maxBytes;
  }

  /** Adds the records in [from, to); false once the page is full: they may be only partly in it. */
  add(batch: Uint8Array, { from, to }: { readonly from: Offset; readonly to: Offset }): boolean {
    const header = readBatchHeader(batch);
    if (header.baseOffset >= from && header.baseOffset < to) {
      const losses = this.options.lossesBefore?.(header) ?? [];
      if (losses.length > 0 && this.full) return false;
      this.gaps.push(...losses);
    }
    for (const record of this.#read(batch, header, from)) {
      if (record.offset < from || record.offset >= to) continue;
      if (this.full) return false;
      this.records.push(this.#pageRecord(record, header));
      this.#bytes += bytesOf(record);
    }
    return true;
  }

  /** The page ends behind its last record: what lies further on is left for the next one. */
  cut(gaps: readonly PageGap[], offset: Offset): RecordPage {
    const last = this.records.at(-1);
    const nextOffset = last === undefined ? offset : last.offset + 1;
    return {
      records: this.records,
      gaps: [...gaps, ...this.gaps].filter(({ from }) => from < nextOffset),
      nextOffset,
    };
  }

  #read(batch: Uint8Array, header: BatchHeader, from: Offset): readonly DecodedRecord[] {
    const { core, inflate, filter, maxRecords } = this.options;
    if (filter?.skips(header)) return [];
    const packed = { attributes: header.attributes, records: batch.subarray(HEADER_SIZE) };
    try {
      const inflated = inflatedRecords(packed, inflate, DECOMPRESSED_BYTES_MAX);
      if (filter === undefined) return core.decode(batch, inflated);
      // One more than fits tells that there are more.
      const recordsMax = maxRecords - this.records.length + 1;
      return core.filter(batch, { terms: filter.terms, from, recordsMax, inflated });
    } catch (error) {
      if (!isOperatingError(error, "corrupt_batch")) throw error;
      // Its checksum holds, so it is as its maker made it; a reader must be able to pass it.
      this.gaps.push({ from: header.baseOffset, to: header.lastOffset + 1, reason: "undecodable" });
      return [];
    }
  }

  #pageRecord(record: DecodedRecord, header: BatchHeader): PageRecord {
    const { topic, index: partition } = this.log;
    const { offset, timestamp, key, value, headers } = record;
    const plain = { topic, partition, offset, timestamp, key, value, headers };
    const { sourceOf } = this.options;
    if (sourceOf === undefined) return plain;
    const { gateway, partition: sourcePartition } = sourceOf(header.logId);
    const source: RecordSource = {
      gateway,
      log_id: header.logId,
      partition: sourcePartition,
      offset: header.sourceOffset + (offset - header.baseOffset),
    };
    return { ...plain, source };
  }
}

/** What a record takes, roughly: a bound must also hold for records of nothing. */
function bytesOf({ key, value, headers }: DecodedRecord): number {
  let bytes = 64 + (key?.length ?? 0) + (value?.length ?? 0);
  for (const [name, value] of headers) bytes += 16 + name.length + (value?.length ?? 0);
  return bytes;
}
