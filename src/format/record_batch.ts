/**
 * Record batch, magic 2: the unit of append, of checksum, of compression, of replication, of fetch.
 * The bytes on disk are the bytes on every wire.
 *
 *     0  baseOffset           i64   offset of the first record              outside the CRC
 *     8  batchLength          i32   bytes after this field                  outside the CRC
 *    12  partitionLeaderEpoch i32   generation of the writer                outside the CRC
 *    16  magic                i8    2                                       outside the CRC
 *    17  crc                  u32   CRC-32C of bytes 21 .. end
 *    21  attributes           i16   bits 0-2 codec, 3 timestamp type, 4 transactional, 5 control
 *    23  lastOffsetDelta      i32
 *    27  baseTimestamp        i64   ms since the Unix epoch
 *    35  maxTimestamp         i64   ms since the Unix epoch
 *    43  producerId           i64   the log id of the node that made it durable first
 *    51  producerEpoch        i16   source offset div 2^31
 *    53  baseSequence         i32   source offset mod 2^31
 *    57  recordsCount         i32
 *    61  records              concatenated, or one compressed stream of them
 *
 * All integers big-endian. Source: Apache Kafka, "Message Format" > "Record Batch".
 *
 * @module
 */
import { viewOf } from "../base/bytes.ts";
import { SEQUENCES_PER_EPOCH } from "../base/limits.ts";
import type { LogId, Offset, TimestampMs } from "../base/types.ts";

export const BASE_OFFSET_AT = 0;
export const BATCH_LENGTH_AT = 8;
export const LEADER_EPOCH_AT = 12;
export const MAGIC_AT = 16;
export const CRC_AT = 17;
export const ATTRIBUTES_AT = 21;
export const LAST_OFFSET_DELTA_AT = 23;
export const BASE_TIMESTAMP_AT = 27;
export const MAX_TIMESTAMP_AT = 35;
export const PRODUCER_ID_AT = 43;
export const PRODUCER_EPOCH_AT = 51;
export const BASE_SEQUENCE_AT = 53;
export const RECORDS_COUNT_AT = 57;
export const HEADER_SIZE = 61;
/** baseOffset and batchLength: what must be read to know how long a batch is. */
export const PREFIX_SIZE = 12;
export const MAGIC_V2 = 2;

export interface BatchHeader {
  readonly baseOffset: Offset;
  /** Bytes of the whole batch, header and prefix included. */
  readonly sizeBytes: number;
  readonly leaderEpoch: number;
  readonly crc: number;
  readonly attributes: number;
  readonly lastOffset: Offset;
  readonly baseTimestamp: TimestampMs;
  readonly maxTimestamp: TimestampMs;
  readonly recordsCount: number;
  /** Which log, and which offset of it, this batch began its life as. */
  readonly logId: LogId;
  readonly sourceOffset: Offset;
}

/** Reads the header at `position`; the batch is taken to be whole and its CRC checked. */
export function readBatchHeader(bytes: Uint8Array, position = 0): BatchHeader {
  const view = viewOf(bytes);
  const baseOffset = Number(view.getBigInt64(position + BASE_OFFSET_AT));
  return {
    baseOffset,
    sizeBytes: PREFIX_SIZE + view.getInt32(position + BATCH_LENGTH_AT),
    leaderEpoch: view.getInt32(position + LEADER_EPOCH_AT),
    crc: view.getUint32(position + CRC_AT),
    attributes: view.getInt16(position + ATTRIBUTES_AT),
    lastOffset: baseOffset + view.getInt32(position + LAST_OFFSET_DELTA_AT),
    baseTimestamp: Number(view.getBigInt64(position + BASE_TIMESTAMP_AT)),
    maxTimestamp: Number(view.getBigInt64(position + MAX_TIMESTAMP_AT)),
    recordsCount: view.getInt32(position + RECORDS_COUNT_AT),
    logId: view.getBigUint64(position + PRODUCER_ID_AT).toString(16).padStart(16, "0"),
    sourceOffset: view.getInt16(position + PRODUCER_EPOCH_AT) * SEQUENCES_PER_EPOCH +
      view.getInt32(position + BASE_SEQUENCE_AT),
  };
}

/** Sets what lies outside the CRC, so that a batch keeps its checksum on every node. */
export function placeBatch(batch: Uint8Array, baseOffset: Offset, leaderEpoch: number): void {
  const view = viewOf(batch);
  view.setBigInt64(BASE_OFFSET_AT, BigInt(baseOffset));
  view.setInt32(LEADER_EPOCH_AT, leaderEpoch);
}
