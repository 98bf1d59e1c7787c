/**
 * A record inside a batch.
 *
 *     length          varint   bytes after this field
 *     attributes      i8       0
 *     timestampDelta  varlong  ms since the batch's base timestamp; may be negative
 *     offsetDelta     varint   0, 1, 2, … in the order of the batch
 *     keySize         varint   -1 for null
 *     key
 *     valueSize       varint   -1 for null
 *     value
 *     headersCount    varint
 *     headers         each: nameSize varint, name, valueSize varint (-1 for null), value
 *
 * Source: Apache Kafka, "Message Format" > "Record".
 */
import { copyShort } from "./bytes";
import { RECORD_HEADERS_MAX } from "./limits";
import { RESULT } from "./memory";
import { BAD_RECORD } from "./status";
import {
  readVarint,
  readVarlong,
  varintEnd,
  varintSize,
  varlongSize,
  writeVarint,
  writeVarlong,
} from "./varint";

/** Words of a row of the record table before its headers, and of each header. */
export const ROW_WORDS: u32 = 7;
export const HEADER_WORDS: u32 = 4;

/** Bytes of a record whose parts have these sizes, without its length field. */
export function recordBodySize(
  timestampDelta: i64,
  offsetDelta: i32,
  keySize: i32,
  valueSize: i32,
  headersSize: u32,
): u32 {
  return 1 + varlongSize(timestampDelta) + varintSize(offsetDelta) +
    varintSize(keySize) + <u32> max(keySize, 0) +
    varintSize(valueSize) + <u32> max(valueSize, 0) + headersSize;
}

/** Writes what comes before the key size; returns the address behind it. */
export function writeRecordHead(
  at: usize,
  bodySize: u32,
  timestampDelta: i64,
  offsetDelta: i32,
): usize {
  at = writeVarint(at, bodySize);
  store<u8>(at++, 0);
  at = writeVarlong(at, timestampDelta);
  return writeVarint(at, offsetDelta);
}

/** Writes a size and that many bytes, or the null size; returns the address behind them. */
export function writeSized(at: usize, from: usize, size: i32): usize {
  at = writeVarint(at, size);
  if (size <= 0) return at;
  copyShort(at, from, size);
  return at + size;
}

/**
 * Walks records, checking that each fills its length, that offset deltas run 0, 1, 2, …, and that
 * the last ends where the bytes do. A row goes to the table for each, all positions counted from
 * `start`, sizes -1 for null:
 *
 *     timestampDelta low, high | keyAt | keySize | valueAt | valueSize | headersCount
 *     then per header: nameAt | nameSize | valueAt | valueSize
 *
 * @param start     first byte of the first record of the batch
 * @param size      bytes of all records
 * @param from      position of the record to go on from; 0 at first
 * @param index     its number
 * @param count     records in the batch
 * @param table     address of the table; 0 when only the check is wanted
 * @param tableSize its bytes; a row is written whole or not at all, and the walk ends before it
 * @returns         records walked, or BAD_RECORD. RESULT: u32 position to go on from
 */
export function walkRecords(
  start: usize,
  size: u32,
  from: u32,
  index: u32,
  count: u32,
  table: usize,
  tableSize: u32,
): i32 {
  const end = start + size;
  const tableEnd = table + tableSize;
  let at = start + from;
  let row = table;
  let walked: u32 = 0;
  for (; index + walked < count; walked++) {
    const next = walkRecord(start, at, end, index + walked, row, tableEnd);
    if (next == 0) return BAD_RECORD;
    if (next == at) break;
    if (row) row += (ROW_WORDS + HEADER_WORDS * load<u32>(row, 24)) << 2;
    at = next;
  }
  if (index + walked == count && at != end) return BAD_RECORD;
  store<u32>(RESULT, <u32> (at - start));
  return walked;
}

/** Returns the address behind the record; 0 where it is bad, `at` where its row does not fit. */
export function walkRecord(
  start: usize,
  at: usize,
  batchEnd: usize,
  offsetDelta: i32,
  row: usize,
  tableEnd: usize,
): usize {
  const bodySize = readVarint(at, batchEnd);
  let next = varintEnd;
  if (next == 0 || bodySize < 1 || <u32> bodySize > <u32> (batchEnd - next)) return 0;
  const end = next + bodySize;
  const timestampDelta = readVarlong(next + 1, end); // behind the attributes, which are unused
  next = varintEnd;
  if (next == 0) return 0;
  if (readVarint(next, end) != offsetDelta || varintEnd == 0) return 0;

  const keySize = readVarint(varintEnd, end);
  const keyAt = varintEnd;
  if (!sizeFits(keySize, keyAt, end)) return 0;
  const valueSize = readVarint(keyAt + max(keySize, 0), end);
  const valueAt = varintEnd;
  if (!sizeFits(valueSize, valueAt, end)) return 0;
  const headersCount = readVarint(valueAt + max(valueSize, 0), end);
  next = varintEnd;
  if (next == 0 || <u32> headersCount > RECORD_HEADERS_MAX) return 0;

  if (row) {
    if (row + ((ROW_WORDS + HEADER_WORDS * headersCount) << 2) > tableEnd) return at;
    store<i64>(row, timestampDelta);
    store<u32>(row, <u32> (keyAt - start), 8);
    store<i32>(row, keySize, 12);
    store<u32>(row, <u32> (valueAt - start), 16);
    store<i32>(row, valueSize, 20);
    store<u32>(row, headersCount, 24);
    row += ROW_WORDS << 2;
  }
  return walkHeaders(start, next, end, headersCount, row);
}

function walkHeaders(start: usize, at: usize, end: usize, count: u32, row: usize): usize {
  for (; count > 0; count--) {
    const nameSize = readVarint(at, end);
    const nameAt = varintEnd;
    if (nameSize < 0 || !sizeFits(nameSize, nameAt, end)) return 0;
    const valueSize = readVarint(nameAt + nameSize, end);
    const valueAt = varintEnd;
    if (!sizeFits(valueSize, valueAt, end)) return 0;
    if (row) {
      store<u32>(row, <u32> (nameAt - start));
      store<i32>(row, nameSize, 4);
      store<u32>(row, <u32> (valueAt - start), 8);
      store<i32>(row, valueSize, 12);
      row += HEADER_WORDS << 2;
    }
    at = valueAt + max(valueSize, 0);
  }
  return at == end ? at : 0;
}

/** Whether the size that was read, up to `at`, is null or more and leads no further than `end`. */
function sizeFits(size: i32, at: usize, end: usize): bool {
  return at != 0 && size >= -1 && (size == -1 || <u32> size <= <u32> (end - at));
}
