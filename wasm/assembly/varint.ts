// deno-fmt-ignore-file: the formatter drops the decorator that makes these vanish into callers.
/**
 * Kafka's variable-length integers: zigzag, then seven bits a byte, least significant group first,
 * the high bit set on all but the last. At most 5 bytes for 32 bits, 10 for 64.
 *
 *     0 → 00     -1 → 01     1 → 02     63 → 7e     64 → 80 01
 *
 * Source: Apache Kafka, "Message Format" > "Record"; Protocol Buffers, "Encoding".
 */

/** Where the integer that was just read ends; 0 where none could be read. */
export let varintEnd: usize = 0;

/** Bytes of `value` when written. */
@inline
export function varintSize(value: i32): u32 {
  const zigzag = <u32> ((value << 1) ^ (value >> 31));
  return ((31 - clz<u32>(zigzag | 1)) * 9 + 73) >>> 6;
}

/** Bytes of `value` when written. */
@inline
export function varlongSize(value: i64): u32 {
  const zigzag = <u64> ((value << 1) ^ (value >> 63));
  return ((63 - <u32> clz<u64>(zigzag | 1)) * 9 + 73) >>> 6;
}

/** Writes `value`; returns the address behind it. */
@inline
export function writeVarint(at: usize, value: i32): usize {
  let zigzag = <u32> ((value << 1) ^ (value >> 31));
  while (zigzag > 127) {
    store<u8>(at++, <u8> (zigzag | 128));
    zigzag >>>= 7;
  }
  store<u8>(at++, <u8> zigzag);
  return at;
}

/** Writes `value`; returns the address behind it. */
@inline
export function writeVarlong(at: usize, value: i64): usize {
  let zigzag = <u64> ((value << 1) ^ (value >> 63));
  while (zigzag > 127) {
    store<u8>(at++, <u8> (zigzag | 128));
    zigzag >>>= 7;
  }
  store<u8>(at++, <u8> zigzag);
  return at;
}

/** Reads 32 bits at `at`, below `end`. Sets {@linkcode varintEnd}: 0 where they run on or out. */
export function readVarint(at: usize, end: usize): i32 {
  if (at < end) {
    const first = <u32> load<u8>(at);
    if (first < 128) {
      varintEnd = at + 1;
      return <i32> (first >>> 1) ^ -(<i32> (first & 1));
    }
  }
  return readVarintSlow(at, end);
}

function readVarintSlow(at: usize, end: usize): i32 {
  let zigzag: u32 = 0;
  for (let shift: u32 = 0; shift < 35 && at < end; shift += 7) {
    const byte = <u32> load<u8>(at++);
    // The fifth byte has room for four bits.
    if (shift == 28 && byte > 15) break;
    zigzag |= (byte & 127) << shift;
    if (byte < 128) {
      varintEnd = at;
      return <i32> (zigzag >>> 1) ^ -(<i32> (zigzag & 1));
    }
  }
  varintEnd = 0;
  return 0;
}

/** Reads 64 bits at `at`, below `end`. Sets {@linkcode varintEnd}: 0 where they run on or out. */
export function readVarlong(at: usize, end: usize): i64 {
  let zigzag: u64 = 0;
  for (let shift: u32 = 0; shift < 70 && at < end; shift += 7) {
    const byte = <u64> load<u8>(at++);
    // The tenth byte has room for one bit.
    if (shift == 63 && byte > 1) break;
    zigzag |= (byte & 127) << shift;
    if (byte < 128) {
      varintEnd = at;
      return <i64> (zigzag >>> 1) ^ -(<i64> (zigzag & 1));
    }
  }
  varintEnd = 0;
  return 0;
}
