/**
 * MurmurHash2 as Kafka's default partitioner uses it: seed 0x9747b28c, and the sign bit cleared.
 *
 *   check values   murmur2("21") = -973932308, murmur2("foobar") = -790332482, before clearing
 *
 * Source: Apache Kafka, org.apache.kafka.common.utils.Utils (test vectors: UtilsTest).
 */
const SEED: u32 = 0x9747b28c;
const FACTOR: u32 = 0x5bd1e995;

/** Hash of `size` bytes at `start`, 31 bits. */
export function murmur2(start: usize, size: u32): u32 {
  let hash = SEED ^ size;
  const end4 = start + (size & ~3);
  for (; start < end4; start += 4) {
    let word = load<u32>(start) * FACTOR;
    word = (word ^ (word >>> 24)) * FACTOR;
    hash = (hash * FACTOR) ^ word;
  }
  const rest = size & 3;
  if (rest == 3) hash ^= <u32> load<u8>(start, 2) << 16;
  if (rest >= 2) hash ^= <u32> load<u8>(start, 1) << 8;
  if (rest >= 1) hash = (hash ^ load<u8>(start)) * FACTOR;
  hash = (hash ^ (hash >>> 13)) * FACTOR;
  return (hash ^ (hash >>> 15)) & 0x7fffffff;
}
