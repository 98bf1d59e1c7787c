/**
 * Which records of a batch a reader wants: of the others nothing is written, and no object is made.
 *
 * What is asked lies in FILTER, integers and doubles little-endian:
 *
 *     0  since         f64   the lowest timestamp; -Infinity for any
 *     8  until         f64   all timestamps are below it; Infinity for any
 *    16  keySize       i32   -1 where the key does not matter
 *    20  keyAt         u32   address
 *    24  partSize      i32   bytes that stand in the value; 0 where it does not matter
 *    28  partAt        u32   address
 *    32  headersCount  u32
 *    36  -             u32
 *    40  baseTimestamp i64   of the batch
 *    48  headers       each u32: nameAt, nameSize, valueAt, valueSize
 *    ..  the bytes that all of these lead to
 *
 * The part is not looked for value by value, which would begin anew for each: it is looked for in
 * all that is left of the batch, by its first and its last byte, sixteen places at a time, and the
 * walk over the records asks whether where it stands is within the value at hand.
 */
import { FILTER, RESULT, TABLE, TABLE_BYTES } from "./memory";
import { HEADER_WORDS, ROW_WORDS, walkRecord } from "./record";
import { BAD_RECORD } from "./status";

/** Words before a row of the record table: number, position and size of the record. */
const PLACE_WORDS: u32 = 3;
const FILTER_HEADERS_AT: usize = FILTER + 48;
const FILTER_HEADER_SIZE: usize = 16;
/** Where what is nowhere is taken to stand: behind all memory. */
const NOWHERE: usize = 0xf0000000;

/** Where the part stands next, at or behind where it was last asked for. */
let partFound: usize = 0;

/**
 * Writes a row to TABLE for each record that is wanted, until there is no room, or enough of them:
 *
 *     number | position | size | then the row of record.ts, positions counted from the record's own
 *
 * @param start   first byte of the first record of the batch
 * @param size    bytes of all records
 * @param from    position of the record to go on from; 0 at first
 * @param index   its number
 * @param count   records in the batch
 * @param first   number of the first record that may be wanted
 * @param rowsMax rows that are enough, at least one
 * @returns rows written, or BAD_RECORD. RESULT: u32 position to go on from | records walked
 */
export function filterRecords(
  start: usize,
  size: u32,
  from: u32,
  index: u32,
  count: u32,
  first: u32,
  rowsMax: u32,
): i32 {
  const end = start + size;
  const tableEnd = TABLE + TABLE_BYTES;
  let at = start + from;
  let place: usize = TABLE;
  let rows: u32 = 0;
  let walked: u32 = 0;
  partFound = 0;
  for (; index + walked < count && rows < rowsMax; walked++) {
    const row = place + (PLACE_WORDS << 2);
    const next = walkRecord(at, at, end, index + walked, row, tableEnd);
    if (next == 0) return BAD_RECORD;
    if (next == at) break;
    if (index + walked >= first && isWanted(at, row, end)) {
      store<u32>(place, index + walked);
      store<u32>(place, <u32> (at - start), 4);
      store<u32>(place, <u32> (next - at), 8);
      place = row + ((ROW_WORDS + HEADER_WORDS * load<u32>(row, 24)) << 2);
      rows++;
    }
    at = next;
  }
  if (index + walked == count && at != end) return BAD_RECORD;
  store<u32>(RESULT, <u32> (at - start));
  store<u32>(RESULT, walked, 4);
  return rows;
}

/** Whether the record at `at`, whose row is written, is wanted. `end` is the batch's. */
function isWanted(at: usize, row: usize, end: usize): bool {
  const timestamp = <f64> (load<i64>(FILTER, 40) + load<i64>(row));
  if (timestamp < load<f64>(FILTER) || timestamp >= load<f64>(FILTER, 8)) return false;
  const keySize = load<i32>(FILTER, 16);
  if (keySize >= 0) {
    if (load<i32>(row, 12) != keySize) return false;
    if (!isEqual(at + load<u32>(row, 8), load<u32>(FILTER, 20), keySize)) return false;
  }
  const partSize = load<i32>(FILTER, 24);
  if (partSize > 0) {
    const valueSize = load<i32>(row, 20);
    if (valueSize < partSize) return false;
    const valueAt = at + load<u32>(row, 16);
    if (partFound < valueAt) partFound = findPart(valueAt, end, load<u32>(FILTER, 28), partSize);
    if (partFound + partSize > valueAt + valueSize) return false;
  }
  return hasHeaders(at, row);
}

function hasHeaders(at: usize, row: usize): bool {
  const wanted = load<u32>(FILTER, 32);
  const headersEnd = row + ((ROW_WORDS + HEADER_WORDS * load<u32>(row, 24)) << 2);
  for (let nth: u32 = 0; nth < wanted; nth++) {
    const header = FILTER_HEADERS_AT + nth * FILTER_HEADER_SIZE;
    let each = row + (ROW_WORDS << 2);
    while (each < headersEnd && !isHeader(at, each, header)) each += HEADER_WORDS << 2;
    if (each >= headersEnd) return false;
  }
  return true;
}

function isHeader(at: usize, each: usize, header: usize): bool {
  const nameSize = load<u32>(header, 4);
  const valueSize = load<u32>(header, 12);
  if (load<u32>(each, 4) != nameSize || load<u32>(each, 12) != valueSize) return false;
  return isEqual(at + load<u32>(each), load<u32>(header), nameSize) &&
    isEqual(at + load<u32>(each, 8), load<u32>(header, 8), valueSize);
}

/** Whether both lead to the same bytes. Reads up to 15 beyond them. */
function isEqual(a: usize, b: usize, size: u32): bool {
  let left = <i32> size;
  for (; left >= 16; left -= 16) {
    if (i8x16.bitmask(i8x16.eq(v128.load(a), v128.load(b))) != 0xffff) return false;
    a += 16;
    b += 16;
  }
  const mask = (1 << left) - 1;
  return (i8x16.bitmask(i8x16.eq(v128.load(a), v128.load(b))) & mask) == mask;
}

/** Where the part stands first, at or behind `at` and whole before `end`; else NOWHERE. */
function findPart(at: usize, end: usize, part: usize, size: u32): usize {
  const first = i8x16.splat(load<i8>(part));
  const last = i8x16.splat(load<i8>(part + size - 1));
  const behind = size - 1;
  const stop = end - behind;
  for (; at < stop; at += 16) {
    let places = i8x16.bitmask(v128.and(
      i8x16.eq(v128.load(at), first),
      i8x16.eq(v128.load(at + behind), last),
    ));
    while (places != 0) {
      const place = at + <usize> ctz(places);
      if (place >= stop) return NOWHERE;
      if (isEqual(place, part, size)) return place;
      places &= places - 1;
    }
  }
  return NOWHERE;
}
