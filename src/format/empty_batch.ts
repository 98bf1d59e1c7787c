/**
 * An empty batch: offsets that hold no records any more, as a log compacted by Kafka has them. It
 * keeps the file dense, so that it is read, scanned and indexed like every other; readers are told of a
 * gap in its place, and it never leaves the node.
 *
 *     a record batch's header (record_batch.ts) with recordsCount 0, and nothing behind it
 *     lastOffsetDelta   spans the offsets that are gone
 *     producerId …      the log they were of, so that its place is known as theirs was
 *
 * @module
 */
import { SEQUENCES_PER_EPOCH } from "../base/limits.ts";
import type { LogId, Offset, OffsetRange, TimestampMs } from "../base/types.ts";
import type { Checksum } from "./journal_entry.ts";
import {
  ATTRIBUTES_AT,
  BASE_OFFSET_AT,
  BASE_SEQUENCE_AT,
  BASE_TIMESTAMP_AT,
  BATCH_LENGTH_AT,
  CRC_AT,
  HEADER_SIZE,
  LAST_OFFSET_DELTA_AT,
  LEADER_EPOCH_AT,
  MAGIC_AT,
  MAGIC_V2,
  MAX_TIMESTAMP_AT,
  PREFIX_SIZE,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  RECORDS_COUNT_AT,
} from "./record_batch.ts";

export interface EmptyBatch extends OffsetRange {
  readonly logId: LogId;
  readonly leaderEpoch: number;
  readonly minTimestamp: TimestampMs;
  readonly maxTimestamp: TimestampMs;
}

export function encodeEmptyBatch(gone: EmptyBatch, crc32c: Checksum): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_SIZE);
  const view = new DataView(bytes.buffer);
  view.setBigInt64(BASE_OFFSET_AT, BigInt(gone.from));
  view.setInt32(BATCH_LENGTH_AT, HEADER_SIZE - PREFIX_SIZE);
  view.setInt32(LEADER_EPOCH_AT, gone.leaderEpoch);
  view.setInt8(MAGIC_AT, MAGIC_V2);
  view.setInt32(LAST_OFFSET_DELTA_AT, gone.to - gone.from - 1);
  view.setBigInt64(BASE_TIMESTAMP_AT, BigInt(gone.minTimestamp));
  view.setBigInt64(MAX_TIMESTAMP_AT, BigInt(gone.maxTimestamp));
  view.setBigUint64(PRODUCER_ID_AT, BigInt(`0x${gone.logId}`));
  view.setInt16(PRODUCER_EPOCH_AT, Math.floor(gone.from / SEQUENCES_PER_EPOCH));
  view.setInt32(BASE_SEQUENCE_AT, gone.from % SEQUENCES_PER_EPOCH);
  view.setUint32(CRC_AT, crc32c(bytes.subarray(ATTRIBUTES_AT)));
  return bytes;
}

/** Whether there are no records in a batch. Asked of each that is read, so without a view of it. */
export function isEmptyBatch(batch: Uint8Array): boolean {
  const at = RECORDS_COUNT_AT;
  return (batch[at]! | batch[at + 1]! | batch[at + 2]! | batch[at + 3]!) === 0;
}

/** The offsets of an empty batch; null where there are records in it. */
export function emptyRange(batch: Uint8Array): { from: Offset; to: Offset } | null {
  if (!isEmptyBatch(batch)) return null;
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
  const from = Number(view.getBigInt64(BASE_OFFSET_AT));
  return { from, to: from + view.getInt32(LAST_OFFSET_DELTA_AT) + 1 };
}
