/**
 * Snappy, to read what Kafka's clients send: a bare block (librdkafka, franz-go) or blocks in the
 * framing of xerial's Java library.
 *
 *     block    u32 varint size of what it holds, then elements: the low two bits of a tag say which
 *              0  literal: size - 1 in six bits; 60 to 63: in 1 to 4 bytes behind, little-endian
 *              1  copy: size - 4 in three bits; distance in three bits and a byte
 *              2  copy: size - 1 in six bits; distance u16
 *              3  copy: size - 1 in six bits; distance u32
 *     framing  82 "SNAPPY" 00, i32 version, i32 oldest reader; then i32 size and block, repeated;
 *              these integers are big-endian
 *
 * Source: Google, "Snappy compressed format description"; xerial, SnappyOutputStream.
 */
import { load32 } from "./bytes";
import { copyMatch } from "./match_copy";
import { BAD_COMPRESSION, TOO_LARGE } from "./status";

/** 82 53 4e 41 50 50 59 00, as a little-endian word. */
const XERIAL_MAGIC: u64 = 0x00595050414e5382;
const XERIAL_HEADER_SIZE: u32 = 16;
const XERIAL_VERSION: u32 = 1;

/**
 * Decompresses `size` bytes at `start`, in either form.
 *
 * @param room bytes that may come of it; none is written past them
 * @returns bytes written, BAD_COMPRESSION, or TOO_LARGE where they would be more than `room`
 */
export function decompressSnappy(start: usize, size: u32, to: usize, room: u32): i32 {
  if (size < XERIAL_HEADER_SIZE || load<u64>(start) != XERIAL_MAGIC) {
    return decompressBlock(start, size, to, room);
  }
  if (load32(start + 12) > XERIAL_VERSION) return BAD_COMPRESSION;
  const end = start + size;
  let at = start + XERIAL_HEADER_SIZE;
  let unpacked: u32 = 0;
  while (at < end) {
    if (end - at < 4) return BAD_COMPRESSION;
    const packed = load32(at);
    at += 4;
    if (packed > <u32> (end - at)) return BAD_COMPRESSION;
    const written = decompressBlock(at, packed, to + unpacked, room - unpacked);
    if (written < 0) return written;
    unpacked += written;
    at += packed;
  }
  return unpacked;
}

function decompressBlock(start: usize, size: u32, to: usize, room: u32): i32 {
  const end = start + size;
  let at = start;
  let expected: u32 = 0;
  let byte: u32 = 128;
  for (let shift: u32 = 0; byte > 127; shift += 7) {
    if (at >= end || shift > 28) return BAD_COMPRESSION;
    byte = load<u8>(at++);
    if (shift == 28 && byte > 15) return BAD_COMPRESSION;
    expected |= (byte & 127) << shift;
  }
  if (expected > room) return TOO_LARGE;
  const outEnd = to + expected;
  let out = to;
  while (at < end) {
    const tag = <u32> load<u8>(at++);
    if (tag & 3) {
      const extra: u32 = (tag & 3) == 3 ? 4 : tag & 3;
      if (<u32> (end - at) < extra) return BAD_COMPRESSION;
      let copied = (tag >>> 2) + 1;
      let distance: u32 = 0;
      if (extra == 1) {
        copied = ((tag >>> 2) & 7) + 4;
        distance = ((tag >>> 5) << 8) | load<u8>(at);
      } else {
        distance = extra == 2 ? load<u16>(at) : load<u32>(at);
      }
      at += extra;
      if (distance - 1 >= <u32> (out - to) || copied > <u32> (outEnd - out)) return BAD_COMPRESSION;
      copyMatch(out, distance, copied, outEnd);
      out += copied;
    } else {
      let literals = tag >>> 2;
      if (literals >= 60) {
        const extra = literals - 59;
        if (<u32> (end - at) < extra) return BAD_COMPRESSION;
        literals = 0;
        for (let nth: u32 = 0; nth < extra; nth++) {
          literals |= <u32> load<u8>(at + nth) << (nth << 3);
        }
        at += extra;
      }
      // One less than there are, so that all of 32 bits means 2^32 and fits nowhere.
      if (literals >= <u32> (end - at) || literals >= <u32> (outEnd - out)) return BAD_COMPRESSION;
      literals++;
      memory.copy(out, at, literals);
      out += literals;
      at += literals;
    }
  }
  return out == outEnd ? <i32> expected : BAD_COMPRESSION;
}
