/**
 * xxHash, 32 bits, seed 0: the checksums inside an LZ4 frame.
 *
 *   check value   xxh32("") = 0x02CC5D05
 *
 * Source: Yann Collet, "xxHash fast digest algorithm", version 0.1.1.
 */
const PRIME_1: u32 = 0x9e3779b1;
const PRIME_2: u32 = 0x85ebca77;
const PRIME_3: u32 = 0xc2b2ae3d;
const PRIME_4: u32 = 0x27d4eb2f;
const PRIME_5: u32 = 0x165667b1;

function round(lane: u32, word: u32): u32 {
  return rotl<u32>(lane + word * PRIME_2, 13) * PRIME_1;
}

/** Hash of `size` bytes at `start`. */
export function xxh32(start: usize, size: u32): u32 {
  const end = start + size;
  let at = start;
  let hash = PRIME_5;
  if (size >= 16) {
    let a = PRIME_1 + PRIME_2, b = PRIME_2, c: u32 = 0, d: u32 = 0 - PRIME_1;
    const end16 = start + (size & ~15);
    for (; at < end16; at += 16) {
      a = round(a, load<u32>(at));
      b = round(b, load<u32>(at, 4));
      c = round(c, load<u32>(at, 8));
      d = round(d, load<u32>(at, 12));
    }
    hash = rotl<u32>(a, 1) + rotl<u32>(b, 7) + rotl<u32>(c, 12) + rotl<u32>(d, 18);
  }
  hash += size;
  const end4 = at + ((end - at) & ~3);
  for (; at < end4; at += 4) hash = rotl<u32>(hash + load<u32>(at) * PRIME_3, 17) * PRIME_4;
  for (; at < end; at++) hash = rotl<u32>(hash + load<u8>(at) * PRIME_5, 11) * PRIME_1;
  hash = (hash ^ (hash >>> 15)) * PRIME_2;
  hash = (hash ^ (hash >>> 13)) * PRIME_3;
  return hash ^ (hash >>> 16);
}
