// deno-fmt-ignore-file: the formatter drops the decorator that makes the helpers vanish.
/**
 * CRC-32C (Castagnoli): the checksum of every record batch, on disk and on the wire.
 *
 *   polynomial   0x1EDC6F41, reflected 0x82F63B78
 *   seed, final  0xFFFFFFFF xor-in, xor-out
 *   check value  crc32c("123456789") = 0xE3069283
 *
 * Short inputs take eight bytes a step through eight tables. Long ones fold blocks of 128 bytes:
 * a block followed by another is replaced by one that leaves the same remainder but lies where the
 * other does, and the two are added. Of the eight vectors of a block every other one, four in all,
 * form a group; of a group the first bytes, the second, … form columns of four bytes, 32 apart. What
 * a column leaves is a linear map of its bits, and since the remainders of such a column's 32 bits
 * are independent, some column leaves any wanted remainder: so a column moves to the same place of
 * the next block, by one map that holds for all, sixteen at once by a byte swizzle for each nibble
 * in and each byte out. (Columns of adjacent bytes would do, too, but would first have to be dealt
 * into vectors. Columns of bytes 16 apart are not independent.)
 *
 * Built with RELAXED, the swizzle need not care for indices over 15, of which there are none.
 *
 * Source: RFC 3720, appendix B.4 (test vectors).
 */
import { shorten, TAIL } from "./crc32c_long";
import { CRC_FOLD, CRC_STATE, CRC_TABLES } from "./memory";

const POLYNOMIAL: u32 = 0x82f63b78;
/** Below this the tables are faster than what a fold costs at its end. */
const FOLD_MIN: u32 = 512;
const FOLD_STEP: u32 = 128;
/** From here on it pays to shorten the input first: see crc32c_long.ts. */
const LONG_MIN: u32 = 12 * 1024;
/** From one byte of a column to the next. */
const STRIDE: u32 = 32;

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
for (let bit: u32 = 0; bit < 32; bit++) {
  addToBasis(afterZeros(1 << (bit & 7), (3 - (bit >>> 3)) * STRIDE), 1 << bit);
}
for (let nibble: u32 = 0; nibble < 8; nibble++) {
  for (let value: u32 = 0; value < 16; value++) {
    const byte = value << ((nibble & 1) << 2);
    const column = columnOf(afterZeros(byte, FOLD_STEP + (3 - (nibble >>> 1)) * STRIDE));
    for (let out: u32 = 0; out < 4; out++) {
      store<u8>(CRC_FOLD + ((nibble * 4 + out) << 4) + value, <u8> (column >>> (out << 3)));
    }
  }
}

/** The remainder after one zero byte more. */
function advance(remainder: u32): u32 {
  return load<u32>(CRC_TABLES + ((remainder & 255) << 2)) ^ (remainder >>> 8);
}

function afterZeros(remainder: u32, zeros: u32): u32 {
  for (; zeros > 0; zeros--) remainder = advance(remainder);
  return remainder;
}

/** Place, by its highest bit, of a remainder in the basis, and of the column that leaves it. */
function basisOf(remainder: u32): usize {
  return CRC_STATE + ((31 - clz(remainder)) << 3);
}

/** Gaussian elimination over bits: adds a remainder and the column that leaves it. */
function addToBasis(remainder: u32, column: u32): void {
  while (remainder) {
    const at = basisOf(remainder);
    if (load<u32>(at) == 0) {
      store<u32>(at, remainder);
      store<u32>(at, column, 4);
      return;
    }
    remainder ^= load<u32>(at);
    column ^= load<u32>(at, 4);
  }
}

/** The column, its four bytes in one word, that leaves a remainder. */
function columnOf(remainder: u32): u32 {
  let column: u32 = 0;
  while (remainder) {
    const at = basisOf(remainder);
    remainder ^= load<u32>(at);
    column ^= load<u32>(at, 4);
  }
  return column;
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

/** What byte `out` of all columns owes to one nibble of theirs. */
@inline
function owed(nibble: u32, out: u32, values: v128): v128 {
  const row = v128.load(CRC_FOLD + ((nibble * 4 + out) << 4));
  return isDefined(RELAXED) ? i8x16.relaxed_swizzle(row, values) : i8x16.swizzle(row, values);
}

@inline
function moved(
  out: u32, n0: v128, n1: v128, n2: v128, n3: v128, n4: v128, n5: v128, n6: v128, n7: v128,
): v128 {
  return v128.xor(
    v128.xor(
      v128.xor(owed(0, out, n0), owed(1, out, n1)),
      v128.xor(owed(2, out, n2), owed(3, out, n3)),
    ),
    v128.xor(
      v128.xor(owed(4, out, n4), owed(5, out, n5)),
      v128.xor(owed(6, out, n6), owed(7, out, n7)),
    ),
  );
}

@inline
function highNibbles(bytes: v128, mask: v128): v128 {
  return v128.and(i16x8.shr_u(bytes, 4), mask);
}

/** Folds `steps` whole blocks, at least one. Returns the remainder after them. */
function fold(remainder: u32, at: usize, steps: u32): u32 {
  const mask = i8x16.splat(15);
  let a0 = v128.xor(v128.load(at), i32x4(remainder, 0, 0, 0)), b0 = v128.load(at, 16);
  let a1 = v128.load(at, 32), b1 = v128.load(at, 48);
  let a2 = v128.load(at, 64), b2 = v128.load(at, 80);
  let a3 = v128.load(at, 96), b3 = v128.load(at, 112);
  while (--steps) {
    at += FOLD_STEP;
    let n0 = v128.and(a0, mask), n1 = highNibbles(a0, mask);
    let n2 = v128.and(a1, mask), n3 = highNibbles(a1, mask);
    let n4 = v128.and(a2, mask), n5 = highNibbles(a2, mask);
    let n6 = v128.and(a3, mask), n7 = highNibbles(a3, mask);
    a0 = v128.xor(v128.load(at), moved(0, n0, n1, n2, n3, n4, n5, n6, n7));
    a1 = v128.xor(v128.load(at, 32), moved(1, n0, n1, n2, n3, n4, n5, n6, n7));
    a2 = v128.xor(v128.load(at, 64), moved(2, n0, n1, n2, n3, n4, n5, n6, n7));
    a3 = v128.xor(v128.load(at, 96), moved(3, n0, n1, n2, n3, n4, n5, n6, n7));
    n0 = v128.and(b0, mask), n1 = highNibbles(b0, mask);
    n2 = v128.and(b1, mask), n3 = highNibbles(b1, mask);
    n4 = v128.and(b2, mask), n5 = highNibbles(b2, mask);
    n6 = v128.and(b3, mask), n7 = highNibbles(b3, mask);
    b0 = v128.xor(v128.load(at, 16), moved(0, n0, n1, n2, n3, n4, n5, n6, n7));
    b1 = v128.xor(v128.load(at, 48), moved(1, n0, n1, n2, n3, n4, n5, n6, n7));
    b2 = v128.xor(v128.load(at, 80), moved(2, n0, n1, n2, n3, n4, n5, n6, n7));
    b3 = v128.xor(v128.load(at, 112), moved(3, n0, n1, n2, n3, n4, n5, n6, n7));
  }
  v128.store(CRC_STATE, a0);
  v128.store(CRC_STATE, b0, 16);
  v128.store(CRC_STATE, a1, 32);
  v128.store(CRC_STATE, b1, 48);
  v128.store(CRC_STATE, a2, 64);
  v128.store(CRC_STATE, b2, 80);
  v128.store(CRC_STATE, a3, 96);
  v128.store(CRC_STATE, b3, 112);
  return take(0, CRC_STATE, FOLD_STEP);
}

/**
 * Checksum of `size` bytes at `start`, going on from `seed`, the checksum of what came before.
 *
 * @returns the checksum, all 32 bits significant
 */
export function crc32c(start: usize, size: u32, seed: u32): u32 {
  let remainder = ~seed;
  if (size >= LONG_MIN) {
    const vectors = size >>> 4;
    const left = shorten(remainder, start, vectors) << 4;
    const steps = left / FOLD_STEP;
    const folded = steps * FOLD_STEP;
    remainder = take(fold(0, TAIL, steps), TAIL + folded, left - folded);
    start += vectors << 4;
    size &= 15;
  } else if (size >= FOLD_MIN) {
    const steps = size / FOLD_STEP;
    remainder = fold(remainder, start, steps);
    start += steps * FOLD_STEP;
    size -= steps * FOLD_STEP;
  }
  return ~take(remainder, start, size);
}
