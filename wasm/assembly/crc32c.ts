// deno-fmt-ignore-file: the formatter drops the decorator that makes the helpers vanish.
/**
 * CRC-32C (Castagnoli): the checksum of every record batch, on disk and on the wire.
 *
 *   polynomial   0x1EDC6F41, reflected 0x82F63B78
 *   seed, final  0xFFFFFFFF xor-in, xor-out
 *   check value  crc32c("123456789") = 0xE3069283
 *
 * Short inputs take eight bytes a step through eight tables. Long ones fold: sixteen 32-bit words
 * in flight are each advanced by 64 zero bytes, a linear map of their eight nibbles, so eight
 * table look-ups per output byte, sixteen of which one byte swizzle does at once. The words lie
 * in four planes (byte 0 of all sixteen, byte 1 of all, …), so that a swizzle meets one byte each.
 * Built with RELAXED the swizzle need not care for indices over 15, of which there are none.
 *
 * Source: RFC 3720, appendix B.4 (test vectors).
 */
import { CRC_FOLD, CRC_STATE, CRC_TABLES } from "./memory";

const POLYNOMIAL: u32 = 0x82f63b78;
/** Below this the tables are faster than setting up the fold. */
const FOLD_MIN: u32 = 192;
const FOLD_STEP: u32 = 64;

for (let byte: u32 = 0; byte < 256; byte++) {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) {
    remainder = remainder & 1 ? (remainder >>> 1) ^ POLYNOMIAL : remainder >>> 1;
  }
  store<u32>(CRC_TABLES + (byte << 2), remainder);
}
for (let byte: u32 = 0; byte < 256; byte++) {
  let remainder = load<u32>(CRC_TABLES + (byte << 2));
  for (let zeros: u32 = 1; zeros < 8; zeros++) {
    remainder = advance(remainder);
    store<u32>(CRC_TABLES + (zeros << 10) + (byte << 2), remainder);
  }
}
for (let nibble: u32 = 0; nibble < 8; nibble++) {
  for (let value: u32 = 0; value < 16; value++) {
    let remainder = value << (nibble << 2);
    for (let zeros: u32 = 0; zeros < FOLD_STEP; zeros++) remainder = advance(remainder);
    for (let byte: u32 = 0; byte < 4; byte++) {
      store<u8>(CRC_FOLD + ((nibble * 4 + byte) << 4) + value, <u8> (remainder >>> (byte << 3)));
    }
  }
}

/** The remainder after one zero byte more. */
function advance(remainder: u32): u32 {
  return load<u32>(CRC_TABLES + ((remainder & 255) << 2)) ^ (remainder >>> 8);
}

@inline
function table(zeros: u32, byte: u32): u32 {
  return load<u32>(CRC_TABLES + (zeros << 10) + ((byte & 255) << 2));
}

/** Takes `size` bytes into the running remainder, which is neither xored in nor out. */
function take(remainder: u32, at: usize, size: u32): u32 {
  const end = at + size;
  const end8 = at + (size & ~7);
  while (at < end8) {
    const low = load<u32>(at) ^ remainder;
    const high = load<u32>(at, 4);
    remainder = table(7, low) ^ table(6, low >>> 8) ^ table(5, low >>> 16) ^ table(4, low >>> 24) ^
      table(3, high) ^ table(2, high >>> 8) ^ table(1, high >>> 16) ^ table(0, high >>> 24);
    at += 8;
  }
  while (at < end) {
    remainder = table(0, remainder ^ load<u8>(at)) ^ (remainder >>> 8);
    at++;
  }
  return remainder;
}

@inline
function even(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
}

@inline
function odd(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}

@inline
function zipLow(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

@inline
function zipHigh(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

@inline
function zip16Low(a: v128, b: v128): v128 {
  return v128.shuffle<u16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

@inline
function zip16High(a: v128, b: v128): v128 {
  return v128.shuffle<u16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}

@inline
function swizzle(nibble: u32, byte: u32, values: v128): v128 {
  const row = v128.load(CRC_FOLD + ((nibble * 4 + byte) << 4));
  return isDefined(RELAXED) ? i8x16.relaxed_swizzle(row, values) : i8x16.swizzle(row, values);
}

/** Folds all whole steps of 64 bytes; needs at least one. Returns the remainder after them. */
function fold(remainder: u32, at: usize, steps: u32): u32 {
  const mask = i8x16.splat(15);
  let v0 = v128.xor(v128.load(at), i32x4(remainder, 0, 0, 0));
  let v1 = v128.load(at, 16), v2 = v128.load(at, 32), v3 = v128.load(at, 48);
  let e0 = even(v0, v1), e1 = even(v2, v3), o0 = odd(v0, v1), o1 = odd(v2, v3);
  let p0 = even(e0, e1), p1 = even(o0, o1), p2 = odd(e0, e1), p3 = odd(o0, o1);
  while (--steps) {
    at += FOLD_STEP;
    const n0 = v128.and(p0, mask), n1 = i8x16.shr_u(p0, 4);
    const n2 = v128.and(p1, mask), n3 = i8x16.shr_u(p1, 4);
    const n4 = v128.and(p2, mask), n5 = i8x16.shr_u(p2, 4);
    const n6 = v128.and(p3, mask), n7 = i8x16.shr_u(p3, 4);
    v0 = v128.load(at);
    v1 = v128.load(at, 16);
    v2 = v128.load(at, 32);
    v3 = v128.load(at, 48);
    e0 = even(v0, v1);
    e1 = even(v2, v3);
    o0 = odd(v0, v1);
    o1 = odd(v2, v3);
    p0 = v128.xor(even(e0, e1), plane(0, n0, n1, n2, n3, n4, n5, n6, n7));
    p1 = v128.xor(even(o0, o1), plane(1, n0, n1, n2, n3, n4, n5, n6, n7));
    p2 = v128.xor(odd(e0, e1), plane(2, n0, n1, n2, n3, n4, n5, n6, n7));
    p3 = v128.xor(odd(o0, o1), plane(3, n0, n1, n2, n3, n4, n5, n6, n7));
  }
  const a = zipLow(p0, p1), b = zipHigh(p0, p1), c = zipLow(p2, p3), d = zipHigh(p2, p3);
  v128.store(CRC_STATE, zip16Low(a, c));
  v128.store(CRC_STATE, zip16High(a, c), 16);
  v128.store(CRC_STATE, zip16Low(b, d), 32);
  v128.store(CRC_STATE, zip16High(b, d), 48);
  return take(0, CRC_STATE, FOLD_STEP);
}

/** One byte of all sixteen advanced words. */
@inline
function plane(
  byte: u32, n0: v128, n1: v128, n2: v128, n3: v128, n4: v128, n5: v128, n6: v128, n7: v128,
): v128 {
  return v128.xor(
    v128.xor(
      v128.xor(swizzle(0, byte, n0), swizzle(1, byte, n1)),
      v128.xor(swizzle(2, byte, n2), swizzle(3, byte, n3)),
    ),
    v128.xor(
      v128.xor(swizzle(4, byte, n4), swizzle(5, byte, n5)),
      v128.xor(swizzle(6, byte, n6), swizzle(7, byte, n7)),
    ),
  );
}

/**
 * Checksum of `size` bytes at `start`, going on from `seed`, the checksum of what came before.
 *
 * @returns the checksum, all 32 bits significant
 */
export function crc32c(start: usize, size: u32, seed: u32): u32 {
  let remainder = ~seed;
  if (size >= FOLD_MIN) {
    const steps = size / FOLD_STEP;
    remainder = fold(remainder, start, steps);
    start += steps * FOLD_STEP;
    size -= steps * FOLD_STEP;
  }
  return ~take(remainder, start, size);
}
