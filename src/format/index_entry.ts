/**
 * The sparse indexes that lie beside a segment. One entry of each stands for every interval of
 * about 64 KiB of log, the k-th of the one and the k-th of the other for the same interval.
 *
 *   .index, entry of 8 bytes
 *     0  relativeOffset u32   offset of the interval's first record, less the segment's base offset
 *     4  position       u32   where the interval's first batch begins in the .log file
 *
 *   .timeindex, entry of 12 bytes
 *     0  maxTimestamp   i64   the largest timestamp in the interval, ms since the Unix epoch
 *     8  relativeOffset u32   as above
 *
 *   both end with a trailer of 8 bytes
 *     0  covered        u32   bytes of the .log file the entries speak of
 *     4  crc            u32   CRC-32C of the file up to here
 *
 * All integers big-endian. An index whose trailer does not hold is thrown away and built again from
 * the log, which alone is the truth.
 *
 * @module
 */
import { viewOf } from "../base/bytes.ts";

export const OFFSET_ENTRY_SIZE = 8;
export const TIME_ENTRY_SIZE = 12;
export const INDEX_TRAILER_SIZE = 8;

/** Computes CRC-32C; handed in, because the checksum lives in the core. */
export type Checksum = (bytes: Uint8Array) => number;

/** Puts the trailer behind the entries, which fill all but the last eight bytes of `file`. */
export function sealIndex(file: Uint8Array, covered: number, checksum: Checksum): void {
  const view = viewOf(file);
  view.setUint32(file.length - INDEX_TRAILER_SIZE, covered);
  view.setUint32(file.length - 4, checksum(file.subarray(0, file.length - 4)));
}

/** The bytes of log an index covers; null when it is not whole entries and a trailer that holds. */
export function openIndex(
  file: Uint8Array,
  entrySize: number,
  checksum: Checksum,
): { covered: number; entries: number } | null {
  const entriesSize = file.length - INDEX_TRAILER_SIZE;
  if (entriesSize < 0 || entriesSize % entrySize !== 0) return null;
  const view = viewOf(file);
  if (view.getUint32(file.length - 4) !== checksum(file.subarray(0, file.length - 4))) return null;
  return { covered: view.getUint32(entriesSize), entries: entriesSize / entrySize };
}
