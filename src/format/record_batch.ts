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
import { assert } from "../base/assert.ts";
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

/**
 * Reads the header at `position`; the batch is taken to be whole and its CRC checked. Byte by byte:
 * this is done for each batch on each hop, and a view and a few bigints would be garbage each time.
 */
export function readBatchHeader(bytes: Uint8Array, position = 0): BatchHeader {
  assert(bytes.length - position >= HEADER_SIZE, "a batch holds its header");
  const baseOffset = int64At(bytes, position + BASE_OFFSET_AT);
  return {
    baseOffset,
    sizeBytes: PREFIX_SIZE + int32At(bytes, position + BATCH_LENGTH_AT),
    leaderEpoch: int32At(bytes, position + LEADER_EPOCH_AT),
    crc: int32At(bytes, position + CRC_AT) >>> 0,
    attributes: int16At(bytes, position + ATTRIBUTES_AT),
    lastOffset: baseOffset + int32At(bytes, position + LAST_OFFSET_DELTA_AT),
    baseTimestamp: int64At(bytes, position + BASE_TIMESTAMP_AT),
    maxTimestamp: int64At(bytes, position + MAX_TIMESTAMP_AT),
    recordsCount: int32At(bytes, position + RECORDS_COUNT_AT),
    logId: logIdAt(bytes, position + PRODUCER_ID_AT),
    sourceOffset: int16At(bytes, position + PRODUCER_EPOCH_AT) * SEQUENCES_PER_EPOCH +
      int32At(bytes, position + BASE_SEQUENCE_AT),
  };
}

/** Sets what lies outside the CRC, so that a batch keeps its checksum on every node. */
export function placeBatch(batch: Uint8Array, baseOffset: Offset, leaderEpoch: number): void {
  putInt32(batch, BASE_OFFSET_AT, Math.floor(baseOffset / 2 ** 32));
  putInt32(batch, BASE_OFFSET_AT + 4, baseOffset);
  putInt32(batch, LEADER_EPOCH_AT, leaderEpoch);
}

function int16At(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24 | bytes[at + 1]! << 16) >> 16;
}

function int32At(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!;
}

/** Rounded where it is larger than a number is exact, as a bigint would be. */
function int64At(bytes: Uint8Array, at: number): number {
  return int32At(bytes, at) * 2 ** 32 + (int32At(bytes, at + 4) >>> 0);
}

/** The lowest 32 bits of `value`. */
function putInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Neighbours are of one log, as a rule: the name is made once for them. */
const latest = { high: 0, low: 0, logId: "0".repeat(16) };

function logIdAt(bytes: Uint8Array, at: number): LogId {
  const high = int32At(bytes, at) >>> 0;
  const low = int32At(bytes, at + 4) >>> 0;
  if (high !== latest.high || low !== latest.low) {
    latest.high = high;
    latest.low = low;
    latest.logId = hex32(high) + hex32(low);
  }
  return latest.logId;
}

function hex32(value: number): string {
  return value.toString(16).padStart(8, "0");
}
