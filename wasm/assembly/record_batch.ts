/**
 * Record batch, magic 2: the unit of append, of checksum, of compression, of replication, of fetch.
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
 *    43  producerId           i64
 *    51  producerEpoch        i16
 *    53  baseSequence         i32
 *    57  recordsCount         i32
 *    61  records              concatenated, or one compressed stream of them
 *
 * All integers big-endian. Source: Apache Kafka, "Message Format" > "Record Batch".
 */
import { load16, load32 } from "./bytes";
import { crc32c } from "./crc32c";
import { BATCH_BYTES_MAX, BATCH_RECORDS_MAX, DECOMPRESSED_BYTES_MAX } from "./limits";
import { decompressFrame } from "./lz4_frame";
import { BIG, RESULT } from "./memory";
import { walkRecords } from "./record";
import { decompressSnappy } from "./snappy";
import {
  BAD_ATTRIBUTES,
  BAD_CHECKSUM,
  BAD_COUNT,
  BAD_LENGTH,
  BAD_MAGIC,
  NEED_INFLATED,
  NEED_MORE,
  OK,
} from "./status";

export const BASE_OFFSET_AT: usize = 0;
export const BATCH_LENGTH_AT: usize = 8;
export const LEADER_EPOCH_AT: usize = 12;
export const MAGIC_AT: usize = 16;
export const CRC_AT: usize = 17;
export const ATTRIBUTES_AT: usize = 21;
export const LAST_OFFSET_DELTA_AT: usize = 23;
export const BASE_TIMESTAMP_AT: usize = 27;
export const MAX_TIMESTAMP_AT: usize = 35;
export const PRODUCER_ID_AT: usize = 43;
export const PRODUCER_EPOCH_AT: usize = 51;
export const BASE_SEQUENCE_AT: usize = 53;
export const RECORDS_COUNT_AT: usize = 57;
export const HEADER_SIZE: u32 = 61;
/** baseOffset and batchLength: what must be read to know how long a batch is. */
export const PREFIX_SIZE: u32 = 12;
export const MAGIC_V2: u8 = 2;

export const CODEC_NONE: u32 = 0;
export const CODEC_GZIP: u32 = 1;
export const CODEC_SNAPPY: u32 = 2;
export const CODEC_LZ4: u32 = 3;
export const CODEC_ZSTD: u32 = 4;
const CODEC_MASK: u32 = 7;
const CONTROL_FLAG: u32 = 0x20;

/**
 * Checks one batch at `start` and returns its whole size.
 *
 * @param available     bytes readable from `start`
 * @param batchBytesMax the largest batch accepted
 * @returns size of the batch in bytes, header included, or
 *          NEED_MORE     the batch ends beyond `available`: a torn tail, or read further
 *          BAD_LENGTH    the length field is outside [HEADER_SIZE, batchBytesMax]
 *          BAD_MAGIC     not a magic-2 batch
 *          BAD_CHECKSUM  the bytes are not what was written
 */
export function verifyBatch(start: usize, available: u32, batchBytesMax: u32): i32 {
  if (available < PREFIX_SIZE) return NEED_MORE;

  const batchLength = load32(start + BATCH_LENGTH_AT);
  // Compare before adding: a hostile length must not wrap past the limit.
  if (batchLength < HEADER_SIZE - PREFIX_SIZE) return BAD_LENGTH;
  if (batchLength > batchBytesMax - PREFIX_SIZE) return BAD_LENGTH;

  const size = PREFIX_SIZE + batchLength;
  if (size > available) return NEED_MORE;
  if (load<u8>(start, MAGIC_AT) != MAGIC_V2) return BAD_MAGIC;

  const stored = load32(start + CRC_AT);
  const actual = crc32c(start + ATTRIBUTES_AT, size - <u32> ATTRIBUTES_AT, 0);
  return stored == actual ? <i32> size : BAD_CHECKSUM;
}

/**
 * Brings the records of a whole batch into reading position.
 *
 * @returns bytes of the records, or a status. RESULT: u32 their address, inside the batch where it
 *          is not compressed, else BIG
 */
export function openRecords(batch: usize, size: u32): i32 {
  if (size < HEADER_SIZE) return NEED_MORE;
  const codec = load16(batch + ATTRIBUTES_AT) & CODEC_MASK;
  const records = batch + HEADER_SIZE;
  const recordsSize = size - HEADER_SIZE;
  store<u32>(RESULT, <u32> BIG);
  if (codec == CODEC_LZ4) {
    return decompressFrame(records, recordsSize, BIG, DECOMPRESSED_BYTES_MAX);
  }
  if (codec == CODEC_SNAPPY) {
    return decompressSnappy(records, recordsSize, BIG, DECOMPRESSED_BYTES_MAX);
  }
  if (codec != CODEC_NONE) return codec > CODEC_ZSTD ? BAD_ATTRIBUTES : NEED_INFLATED;
  store<u32>(RESULT, <u32> records);
  return recordsSize;
}

/**
 * Checks all that a client could have got wrong in a whole batch of `size` bytes at `batch`.
 *
 * @param inflated     address of its records where the caller inflated them, else 0
 * @param inflatedSize their bytes
 * @returns OK, or which rule it breaks
 */
export function validateBatch(batch: usize, size: u32, inflated: usize, inflatedSize: u32): i32 {
  const verified = verifyBatch(batch, size, BATCH_BYTES_MAX);
  if (verified < 0) return verified;
  if (<u32> verified != size) return BAD_LENGTH;

  const attributes = load16(batch + ATTRIBUTES_AT);
  if ((attributes & CODEC_MASK) > CODEC_ZSTD || (attributes & CONTROL_FLAG)) return BAD_ATTRIBUTES;
  const count = load32(batch + RECORDS_COUNT_AT);
  if (count == 0 || count > BATCH_RECORDS_MAX) return BAD_COUNT;
  if (load32(batch + LAST_OFFSET_DELTA_AT) != count - 1) return BAD_COUNT;

  let records = inflated;
  let recordsSize = <i32> inflatedSize;
  if (records == 0) {
    recordsSize = openRecords(batch, size);
    if (recordsSize < 0) return recordsSize;
    records = <usize> load<u32>(RESULT);
  }
  const walked = walkRecords(records, recordsSize, 0, 0, count, 0, 0);
  return walked < 0 ? walked : OK;
}
