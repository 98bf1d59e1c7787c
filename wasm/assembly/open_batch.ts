/**
 * Open batches: one for each partition that has records waiting for the next commit. They live in
 * slots of linear memory, handed out last in first out so that few slots stay warm.
 *
 * State of a slot, 64 bytes:
 *
 *     0  handle         i32   the partition it belongs to; -1 when free
 *     4  end            u32   address behind the last record
 *     8  count          u32   records
 *    12  touched        u32   number of the ingest that last appended here
 *    16  baseTimestamp  i64   of the first record, ms
 *    24  maxTimestamp   i64   of all records, ms
 *    32  buffer         u32   address of the batch; records begin HEADER_SIZE behind it
 *    36  wanted         u32   not zero: a subscription may match one of the records
 */
import { copyShort, store16, store32, store64 } from "./bytes";
import { crc32c } from "./crc32c";
import {
  BATCH_BYTES_MAX,
  BATCH_BYTES_TARGET,
  BATCH_RECORDS_MAX,
  PARTITIONS_MAX,
  SLOTS_MAX,
} from "./limits";
import { compressFrame } from "./lz4_frame";
import { OUT, RESULT, SLOT_BYTES, SLOT_OF, SLOT_STACK, SLOT_STATES, SLOTS } from "./memory";
import { recordBodySize, writeRecordHead, writeSized } from "./record";
import {
  ATTRIBUTES_AT,
  BASE_OFFSET_AT,
  BASE_SEQUENCE_AT,
  BASE_TIMESTAMP_AT,
  BATCH_LENGTH_AT,
  CODEC_LZ4,
  CODEC_NONE,
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
} from "./record_batch";
import { BATCH_FULL, NO_SLOT, OK, TOO_LARGE } from "./status";
import { varintSize } from "./varint";

const NO_SLOT_NUMBER: u8 = 0xff;
const STATE_SHIFT: u32 = 6;

/** Slots on the stack of free ones. */
let slotsFree: u32 = 0;

resetBatches();

/** Forgets all open batches. */
export function resetBatches(): void {
  memory.fill(SLOT_OF, NO_SLOT_NUMBER, PARTITIONS_MAX);
  for (let slot: u32 = 0; slot < SLOTS_MAX; slot++) {
    const state = stateOf(slot);
    store<i32>(state, -1);
    store<u32>(state, 0, 12);
    store<u32>(state, <u32> SLOTS + slot * SLOT_BYTES, 32);
    store<u8>(SLOT_STACK + slot, <u8> (SLOTS_MAX - 1 - slot));
  }
  slotsFree = SLOTS_MAX;
}

function stateOf(slot: u32): usize {
  return SLOT_STATES + (slot << STATE_SHIFT);
}

/** State of the open batch of `handle`; 0 where there is none. */
export function openBatch(handle: u32): usize {
  if (handle >= PARTITIONS_MAX) return 0;
  const slot = load<u8>(SLOT_OF + handle);
  return slot == NO_SLOT_NUMBER ? 0 : stateOf(slot);
}

/** Opens a batch for `handle`, which has none; 0 when no slot is free. */
export function startBatch(handle: u32, timestamp: i64): usize {
  if (slotsFree == 0 || handle >= PARTITIONS_MAX) return 0;
  const slot = load<u8>(SLOT_STACK + --slotsFree);
  const state = stateOf(slot);
  store<u8>(SLOT_OF + handle, slot);
  store<u32>(state, handle);
  store<u32>(state, load<u32>(state, 32) + HEADER_SIZE, 4);
  store<u32>(state, 0, 8);
  store<i64>(state, timestamp, 16);
  store<i64>(state, timestamp, 24);
  store<u32>(state, 0, 36);
  return state;
}

/** Drops the open batch of `handle`, if there is one. */
export function discard(handle: u32): void {
  const state = openBatch(handle);
  if (state == 0) return;
  const slot = load<u8>(SLOT_OF + handle);
  store<u8>(SLOT_OF + handle, NO_SLOT_NUMBER);
  store<i32>(state, -1);
  store<u32>(state, 0, 12);
  store<u8>(SLOT_STACK + slotsFree++, slot);
}

/**
 * Whether a record of that size can be appended.
 *
 * @param state      of the open batch; 0 where there is none yet
 * @param recordSize bytes of the record, its length field included
 * @returns OK, BATCH_FULL, NO_SLOT, TOO_LARGE; the last only once there is no batch to blame
 */
export function room(state: usize, recordSize: u32): i32 {
  if (state == 0) {
    if (recordSize > BATCH_BYTES_MAX - HEADER_SIZE) return TOO_LARGE;
    return slotsFree ? OK : NO_SLOT;
  }
  const used = load<u32>(state, 4) - load<u32>(state, 32);
  if (used + recordSize > BATCH_BYTES_TARGET) return BATCH_FULL;
  return load<u32>(state, 8) < BATCH_RECORDS_MAX ? OK : BATCH_FULL;
}

/** Counts in a record that was written up to `end`. */
export function recordWritten(state: usize, end: usize, timestamp: i64): void {
  store<u32>(state, <u32> end, 4);
  store<u32>(state, load<u32>(state, 8) + 1, 8);
  if (timestamp > load<i64>(state, 24)) store<i64>(state, timestamp, 24);
}

/**
 * Appends one record to the open batch of `handle`, which is opened where there is none.
 *
 * @param timestamp ms since the Unix epoch
 * @param keySize   -1 for null; likewise `valueSize`
 * @param headers   encoded record headers, their count included
 * @param wanted    not zero: a subscription may match the record
 * @returns OK, BATCH_FULL, NO_SLOT, TOO_LARGE; the batch is untouched unless OK
 */
export function append(
  handle: u32,
  timestamp: f64,
  key: usize,
  keySize: i32,
  value: usize,
  valueSize: i32,
  headers: usize,
  headersSize: u32,
  wanted: u32,
): i32 {
  const time = <i64> timestamp;
  let state = openBatch(handle);
  const timestampDelta = state ? time - load<i64>(state, 16) : 0;
  const offsetDelta = state ? load<i32>(state, 8) : 0;
  const bodySize = recordBodySize(timestampDelta, offsetDelta, keySize, valueSize, headersSize);
  const status = room(state, bodySize + varintSize(bodySize));
  if (status != OK) return status;
  if (state == 0) {
    state = startBatch(handle, time);
    if (state == 0) return NO_SLOT;
  }
  let at = <usize> load<u32>(state, 4);
  at = writeRecordHead(at, bodySize, timestampDelta, offsetDelta);
  at = writeSized(at, key, keySize);
  at = writeSized(at, value, valueSize);
  copyShort(at, headers, headersSize);
  recordWritten(state, at + headersSize, time);
  if (wanted) store<u32>(state, 1, 36);
  return OK;
}

/** Records in the open batch of `handle`. */
export function openCount(handle: u32): u32 {
  const state = openBatch(handle);
  return state ? load<u32>(state, 8) : 0;
}

/** Bytes of the open batch of `handle`, its header included; 0 where there is none. */
export function openSize(handle: u32): u32 {
  const state = openBatch(handle);
  return state ? load<u32>(state, 4) - load<u32>(state, 32) : 0;
}

/** Writes the handles that have an open batch to `to`, u32 each; returns how many. */
export function openHandles(to: usize): u32 {
  let count: u32 = 0;
  for (let slot: u32 = 0; slot < SLOTS_MAX; slot++) {
    const handle = load<i32>(stateOf(slot));
    if (handle >= 0) store<u32>(to + (count++ << 2), handle);
  }
  return count;
}

/**
 * Closes the open batch of `handle` and frees its slot. The bytes stay where they are until the
 * next call of any export that writes.
 *
 * @param baseOffset  below 2^46: its quotient by 2^31 is the producer epoch, an i16
 * @param logIdHigh   the upper half of the log id, `logIdLow` the lower
 * @param compress    not zero: try LZ4, and keep it where it saves an eighth
 * @returns bytes of the batch, 0 where there is none open. RESULT: u32 its address | not zero: a
 *          subscription may match one of its records
 */
export function seal(
  handle: u32,
  baseOffset: f64,
  leaderEpoch: i32,
  logIdHigh: u32,
  logIdLow: u32,
  compress: u32,
): u32 {
  const state = openBatch(handle);
  if (state == 0) return 0;
  const count = load<u32>(state, 8);
  const offset = <u64> baseOffset;
  let batch = <usize> load<u32>(state, 32);
  let size = load<u32>(state, 4) - <u32> batch;
  let codec = CODEC_NONE;
  if (compress) {
    const recordsSize = size - HEADER_SIZE;
    const kept = recordsSize - (recordsSize >>> 3);
    const packed = compressFrame(batch + HEADER_SIZE, recordsSize, OUT + HEADER_SIZE, kept);
    if (packed > 0) {
      batch = OUT;
      size = HEADER_SIZE + packed;
      codec = CODEC_LZ4;
    }
  }
  store64(batch + BASE_OFFSET_AT, offset);
  store32(batch + BATCH_LENGTH_AT, size - PREFIX_SIZE);
  store32(batch + LEADER_EPOCH_AT, leaderEpoch);
  store<u8>(batch + MAGIC_AT, MAGIC_V2);
  store16(batch + ATTRIBUTES_AT, codec);
  store32(batch + LAST_OFFSET_DELTA_AT, count - 1);
  store64(batch + BASE_TIMESTAMP_AT, load<u64>(state, 16));
  store64(batch + MAX_TIMESTAMP_AT, load<u64>(state, 24));
  store32(batch + PRODUCER_ID_AT, logIdHigh);
  store32(batch + PRODUCER_ID_AT + 4, logIdLow);
  store16(batch + PRODUCER_EPOCH_AT, <u32> (offset >> 31));
  store32(batch + BASE_SEQUENCE_AT, <u32> (offset & 0x7fffffff));
  store32(batch + RECORDS_COUNT_AT, count);
  store32(batch + CRC_AT, crc32c(batch + ATTRIBUTES_AT, size - <u32> ATTRIBUTES_AT, 0));
  discard(handle);
  store<u32>(RESULT, <u32> batch);
  store<u32>(RESULT, load<u32>(state, 36), 4);
  return size;
}
