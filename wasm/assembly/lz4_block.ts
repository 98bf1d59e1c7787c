/**
 * LZ4 blocks: sequences of literals and matches.
 *
 *     token          u8    literals in the upper half, match size - 4 in the lower
 *     more literals  u8*   where the half says 15: add bytes up to and including one below 255
 *     literals
 *     distance       u16   little-endian, 1 or more bytes back
 *     more match     u8*   as above
 *
 * The last sequence is literals only. The last five bytes are literals, and the last match begins
 * twelve bytes before the end or earlier.
 *
 * The compressor is LZ4's own fast one: a hash table of 8,192 positions, in 16 bits, which is why
 * it takes no more than 64 KiB at a time; the longer it finds nothing, the longer its steps. Two
 * things differ. Places are by five bytes, where LZ4's are by four for blocks as small as these: of
 * telemetry, matches of four bytes are hardly worth their token. And only where a match ends is
 * noted in the table, not what is inside it. Blocks come out a twentieth smaller for the first and a
 * thousandth larger for the second; both save time.
 *
 * Source: Yann Collet, "LZ4 Block Format Description".
 */
import { copy16, copy32 } from "./bytes";
import { LZ4_TABLE } from "./memory";
import { copyMatch } from "./match_copy";

export const BLOCK_SIZE_MAX: u32 = 0x10000;
const MATCH_MIN: u32 = 4;
const LAST_LITERALS: u32 = 5;
const MATCH_LIMIT: u32 = 12;
const TABLE_BYTES: u32 = 0x4000;
const SKIP_SHIFT: u32 = 6;
/** Bytes that a sequence with one byte more for each size can have, or make, copies overrunning. */
const FAST_READ_MAX: u32 = 320;
const FAST_WRITE_MAX: u32 = 640;

/** The block expands beyond its room. */
export const OVERFLOW: i32 = -2;
const BROKEN: i32 = -1;

/** Where in the table the five bytes at `at` have their place. */
function placeOf(at: usize): usize {
  return <usize> (((load<u64>(at) << 24) * 889523592379) >>> 50) & (TABLE_BYTES - 2);
}

/** Writes what a token could not say of `rest`, which is 15 less than the size. */
function writeRest(to: usize, rest: u32): usize {
  for (; rest >= 255; rest -= 255) store<u8>(to++, 255);
  store<u8>(to++, <u8> rest);
  return to;
}

/** Where what is at `at` stops being what is at `match`, before it; `limit` at the latest. */
function matchEnd(at: usize, match: usize, limit: usize): usize {
  while (at + 8 <= limit) {
    const differ = load<u64>(at) ^ load<u64>(match);
    if (differ) return at + <usize> (ctz<u64>(differ) >>> 3);
    at += 8;
    match += 8;
  }
  while (at < limit && load<u8>(at) == load<u8>(match)) {
    at++;
    match++;
  }
  return at;
}

/**
 * Compresses `size` bytes, at most BLOCK_SIZE_MAX, at `start`.
 *
 * @param room bytes that may come of it; up to 32 more may be written
 * @returns bytes written, or 0 where they would be more than `room`
 */
export function compressBlock(start: usize, size: u32, to: usize, room: u32): u32 {
  const end = start + size;
  const roomEnd = to + room;
  let anchor = start;
  let out = to;
  if (size > MATCH_LIMIT) {
    memory.fill(LZ4_TABLE, 0, TABLE_BYTES);
    const lastMatch = end - MATCH_LIMIT;
    const matchLimit = end - LAST_LITERALS;
    let at = start + 1;
    while (true) {
      // Look for four bytes that were seen before.
      let match: usize = 0;
      let next = at;
      let tries: u32 = 1 << SKIP_SHIFT;
      let place = placeOf(next);
      do {
        at = next;
        next += tries++ >>> SKIP_SHIFT;
        if (next > lastMatch) break;
        match = start + load<u16>(place, LZ4_TABLE);
        store<u16>(place, <u16> (at - start), LZ4_TABLE);
        place = placeOf(next);
      } while (load<u32>(match) != load<u32>(at));
      if (next > lastMatch) break;
      while (at > anchor && match > start && load<u8>(at - 1) == load<u8>(match - 1)) {
        at--;
        match--;
      }

      const literals = <u32> (at - anchor);
      // The token, the distance, and what both sizes may need besides.
      if (out + literals + literals / 255 + 4 > roomEnd) return 0;
      let token = out++;
      let upper: u32 = literals << 4;
      if (literals >= 15) {
        upper = 0xf0;
        out = writeRest(out, literals - 15);
      }
      copy16(out, anchor, literals);
      out += literals;

      // Matches that follow one another have no literals between them.
      do {
        store<u16>(out, <u16> (at - match));
        out += 2;
        const matched = matchEnd(at + MATCH_MIN, match + MATCH_MIN, matchLimit);
        const rest = <u32> (matched - at) - MATCH_MIN;
        at = matched;
        if (rest >= 15) {
          if (out + rest / 255 + 8 > roomEnd) return 0;
          store<u8>(token, <u8> (upper | 15));
          out = writeRest(out, rest - 15);
        } else {
          store<u8>(token, <u8> (upper | rest));
        }
        anchor = at;
        if (at >= lastMatch) break;

        const here = placeOf(at);
        match = start + load<u16>(here, LZ4_TABLE);
        store<u16>(here, <u16> (at - start), LZ4_TABLE);
        if (load<u32>(match) != load<u32>(at)) break;
        if (out + 8 > roomEnd) return 0;
        token = out++;
        upper = 0;
      } while (true);
      if (at >= lastMatch) break;
      at++;
    }
  }
  return finishBlock(anchor, <u32> (end - anchor), to, out, roomEnd);
}

/** The last literals; returns the size of the block, 0 where it is over its room. */
function finishBlock(from: usize, literals: u32, to: usize, out: usize, roomEnd: usize): u32 {
  if (out + 1 + literals + (literals + 240) / 255 > roomEnd) return 0;
  if (literals >= 15) {
    store<u8>(out++, 0xf0);
    out = writeRest(out, literals - 15);
  } else {
    store<u8>(out++, <u8> (literals << 4));
  }
  memory.copy(out, from, literals);
  return <u32> (out - to) + literals;
}

/** Where the last sequence that was read ends, and what it wrote; 0 behind the last of a block. */
let readTo: usize = 0;
let writtenTo: usize = 0;

/**
 * Decompresses a block of `size` bytes at `start`.
 *
 * @param room bytes that may come of it; none is written past them
 * @returns bytes written; OVERFLOW where they would be more, another negative where it is broken
 */
export function decompressBlock(start: usize, size: u32, to: usize, room: u32): i32 {
  const end = start + size;
  const roomEnd = to + room;
  // In front of these a sequence whose sizes have one more byte each needs no check of its ends.
  const fastEnd = end - min(size, FAST_READ_MAX);
  const fastRoomEnd = roomEnd - min(room, FAST_WRITE_MAX);
  let at = start;
  let out = to;
  do {
    while (at < fastEnd && out < fastRoomEnd) {
      const token = <u32> load<u8>(at);
      let literals = token >>> 4;
      let next = at + 1;
      if (literals == 15) {
        const more = <u32> load<u8>(next++);
        if (more == 255) break;
        literals += more;
        copy32(out, next, literals);
      } else {
        v128.store(out, v128.load(next));
      }
      next += literals;
      const matchTo = out + literals;
      const distance = <u32> load<u16>(next);
      const match = matchTo - distance;
      if (distance < 16 || match < to) break;
      let matched = token & 15;
      if (matched == 15) {
        const more = <u32> load<u8>(next, 2);
        if (more == 255) break;
        matched += more;
        copy32(matchTo, match, matched + MATCH_MIN);
        next++;
      } else {
        v128.store(matchTo, v128.load(match));
        store<u16>(matchTo, load<u16>(match, 16), 16);
      }
      at = next + 2;
      out = matchTo + matched + MATCH_MIN;
    }
    const status = readSequence(at, end, to, out, roomEnd);
    if (status != 0) return status;
    at = readTo;
    out = writtenTo;
  } while (at);
  return <i32> (out - to);
}

/** Reads one sequence with all checks. Returns 0, OVERFLOW or BROKEN. */
function readSequence(at: usize, end: usize, to: usize, out: usize, roomEnd: usize): i32 {
  if (at >= end) return BROKEN;
  const token = <u32> load<u8>(at++);
  let literals = token >>> 4;
  if (literals == 15) {
    literals = readRest(at, end);
    at = readTo;
    if (at == 0) return BROKEN;
  }
  if (literals > <u32> (end - at)) return BROKEN;
  if (literals > <u32> (roomEnd - out)) return OVERFLOW;
  memory.copy(out, at, literals);
  out += literals;
  at += literals;
  writtenTo = out;
  readTo = 0;
  if (at == end) return 0;

  if (end - at < 2) return BROKEN;
  const distance = <u32> load<u16>(at);
  at += 2;
  if (distance - 1 >= <u32> (out - to)) return BROKEN;
  let matched = token & 15;
  if (matched == 15) {
    matched = readRest(at, end);
    at = readTo;
    if (at == 0) return BROKEN;
  }
  matched += MATCH_MIN;
  if (matched > <u32> (roomEnd - out)) return OVERFLOW;
  copyMatch(out, distance, matched, roomEnd);
  writtenTo = out + matched;
  readTo = at;
  return 0;
}

/** Reads the bytes that go on from a half token of 15; readTo is 0 where the block ends before. */
function readRest(at: usize, end: usize): u32 {
  let rest: u32 = 15;
  let byte: u32 = 255;
  while (byte == 255) {
    if (at >= end) {
      readTo = 0;
      return 0;
    }
    byte = load<u8>(at++);
    rest += byte;
  }
  readTo = at;
  return rest;
}
