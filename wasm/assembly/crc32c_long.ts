// deno-fmt-ignore-file: the formatter drops the decorator that makes the helper vanish.
/**
 * CRC-32C of long inputs, without tables: a multiple of the polynomial that has few terms,
 *
 *     y^209 + y^144 + y^54 + y^39 + y^14 + 1
 *
 * leaves no remainder for y = x, and so none for y = x^128 either, since squaring keeps it a
 * multiple. So a vector of 16 bytes may be taken out of the message if it is added to those 65, 155,
 * 170, 195 and 209 places further on. All but the last of them are, and those that are left leave
 * the remainder of the whole.
 *
 * The terms were found by search: a multiple of lower degree has eight or more. Sparse multiples are
 * the idea of the "Chorba" CRC-32 of 2024.
 */
import { CRC_SCRATCH } from "./memory";

const VECTOR: u32 = 16;
/** Vectors that still have something to give to those that come. */
const HISTORY: u32 = 209;
/** Vectors taken out before history is moved back to the front of the scratch. */
const CHUNK: u32 = 1024;
/** Vectors that are left, at least: no fewer than HISTORY, and whole blocks of the fold. */
const TAIL_MIN: u32 = 216;
const UNROLLED: u32 = 8;

/** Where the vectors lie that are left of the last input. */
export const TAIL: usize = CRC_SCRATCH + (HISTORY + TAIL_MIN + UNROLLED) * VECTOR;

/** What five earlier vectors and the input make of the one HISTORY behind `from`. */
@inline
function gathered(from: usize, at: usize, nth: usize): v128 {
  from += nth * VECTOR;
  return v128.xor(
    v128.xor(v128.load(at + nth * VECTOR), v128.load(from)),
    v128.xor(
      v128.xor(v128.load(from, (209 - 195) * VECTOR), v128.load(from, (209 - 170) * VECTOR)),
      v128.xor(v128.load(from, (209 - 155) * VECTOR), v128.load(from, (209 - 65) * VECTOR)),
    ),
  );
}

/** `count` is a multiple of four. */
function gather(from: usize, at: usize, to: usize, count: u32): void {
  const end = to + count * VECTOR;
  while (to < end) {
    v128.store(to, gathered(from, at, 0));
    v128.store(to, gathered(from, at, 1), 16);
    v128.store(to, gathered(from, at, 2), 32);
    v128.store(to, gathered(from, at, 3), 48);
    from += 64;
    at += 64;
    to += 64;
  }
}

/**
 * Replaces `vectors` whole vectors at `at`, and the remainder of what came before them, by fewer
 * that leave the same. They lie at TAIL.
 *
 * @param vectors at least twice TAIL_MIN
 * @returns how many are left
 */
export function shorten(remainder: u32, at: usize, vectors: u32): u32 {
  let left = (vectors - TAIL_MIN) & ~(UNROLLED - 1);
  const tail = vectors - left;
  memory.fill(CRC_SCRATCH, 0, HISTORY * VECTOR);
  // The first of history is added to the first of the input, and to no other.
  store<u32>(CRC_SCRATCH, remainder);
  while (left) {
    const count = min(left, CHUNK);
    gather(CRC_SCRATCH, at, CRC_SCRATCH + HISTORY * VECTOR, count);
    memory.copy(CRC_SCRATCH, CRC_SCRATCH + count * VECTOR, HISTORY * VECTOR);
    at += count * VECTOR;
    left -= count;
  }
  // Those that stay give nothing on.
  memory.fill(CRC_SCRATCH + HISTORY * VECTOR, 0, (TAIL_MIN + UNROLLED) * VECTOR);
  gather(CRC_SCRATCH, at, TAIL, (tail + 3) & ~3);
  return tail;
}
