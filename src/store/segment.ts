/**
 * One segment: a run of record batches in a single append-only file.
 *
 *   file        {baseOffset, 20 decimal digits}.log
 *   contents    batch*         no header, no footer, no padding; see format/record_batch.ts
 *   invariant   baseOffset <= every offset in the file < endOffset
 *   writer      exactly one; readers see bytes [0, bytes) and no others
 *
 * What a segment is, and what is known of it. Who writes it is log_writer.ts, who reads it
 * log_reader.ts, who finds it again after a crash recovery.ts.
 *
 * @module
 */
import type { Offset, Position } from "../base/types.ts";
import type { SegmentSummary } from "../format/checkpoint.ts";
import { segmentName } from "../format/segment_name.ts";
import type { SegmentInfo } from "./books.ts";
import type { SealedBatch } from "./commit.ts";
import type { SegmentIndex } from "./segment_index.ts";

/** What a segment without batches says of its timestamps. */
const NO_TIMESTAMP = -1;

export class Segment {
  readonly baseOffset: Offset;
  readonly path: string;
  /** Bytes that count: written, and synced unless the topic's durability says otherwise. */
  bytes: Position = 0;
  /** Bytes known to be on the disk. */
  syncedBytes: Position = 0;
  /** The offset behind the last record. */
  endOffset: Offset;
  /** The offset behind the last record known to be on the disk. */
  syncedOffset: Offset;
  minTimestamp = NO_TIMESTAMP;
  maxTimestamp = NO_TIMESTAMP;
  receivedMs = 0;
  /** There is nothing more to thin in it; see thinner.ts. */
  thinned = false;
  /** In memory while the segment is active; see index_cache.ts for the others. */
  index: SegmentIndex | null = null;

  constructor(directory: string, baseOffset: Offset) {
    this.baseOffset = baseOffset;
    this.endOffset = this.syncedOffset = baseOffset;
    this.path = `${directory}/${segmentName(baseOffset)}`;
  }

  static ofSummary(directory: string, summary: SegmentSummary, endOffset: Offset): Segment {
    const segment = new Segment(directory, summary.baseOffset);
    segment.bytes = segment.syncedBytes = summary.bytes;
    segment.endOffset = segment.syncedOffset = endOffset;
    segment.minTimestamp = summary.minTimestamp;
    segment.maxTimestamp = summary.maxTimestamp;
    segment.receivedMs = summary.receivedMs;
    return segment;
  }

  /** Counts in a batch that lies at the end of the file. */
  count(batch: Omit<SealedBatch, "bytes" | "crc" | "wanted">, size: number): void {
    this.bytes += size;
    this.endOffset = batch.nextOffset;
    const empty = this.maxTimestamp === NO_TIMESTAMP;
    if (empty || batch.minTimestamp < this.minTimestamp) this.minTimestamp = batch.minTimestamp;
    if (batch.maxTimestamp > this.maxTimestamp) this.maxTimestamp = batch.maxTimestamp;
  }

  /** What counts so far, or counted when a sync began, is on the disk. */
  noteSynced(bytes = this.bytes, endOffset = this.endOffset): void {
    this.syncedBytes = bytes;
    this.syncedOffset = endOffset;
  }

  summary(bytes = this.bytes): SegmentSummary {
    const { baseOffset, minTimestamp, maxTimestamp, receivedMs } = this;
    return { baseOffset, bytes, minTimestamp, maxTimestamp, receivedMs };
  }

  info(): SegmentInfo {
    return { ...this.summary(), endOffset: this.endOffset, thinned: this.thinned };
  }
}
