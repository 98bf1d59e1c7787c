// deno-fmt-ignore-file: the formatter drops the decorator that makes these vanish into callers.
/**
 * Reading, writing and copying bytes. All integers of Kafka and MQTT are big-endian.
 */

@inline
export function load16(at: usize): u32 {
  return bswap<u16>(load<u16>(at));
}

@inline
export function load32(at: usize): u32 {
  return bswap<u32>(load<u32>(at));
}

@inline
export function load64(at: usize): u64 {
  return bswap<u64>(load<u64>(at));
}

@inline
export function store16(at: usize, value: u32): void {
  store<u16>(at, bswap<u16>(<u16> value));
}

@inline
export function store32(at: usize, value: u32): void {
  store<u32>(at, bswap<u32>(value));
}

@inline
export function store64(at: usize, value: u64): void {
  store<u64>(at, bswap<u64>(value));
}

/**
 * Copies at least `size` bytes, in steps of 16: up to 16 bytes more are read and written, so both
 * sides need that much behind them. For `size` of zero, too.
 */
@inline
export function copy16(to: usize, from: usize, size: u32): void {
  const end = to + size;
  do {
    v128.store(to, v128.load(from));
    to += 16;
    from += 16;
  } while (to < end);
}

/** As copy16, in steps of 32. Bytes written by its first half may be read by its second. */
@inline
export function copy32(to: usize, from: usize, size: u32): void {
  const end = to + size;
  do {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    to += 32;
    from += 32;
  } while (to < end);
}

/** Copies `size` bytes; short ones, which are most, without a call. Needs slack as copy16 does. */
@inline
export function copyShort(to: usize, from: usize, size: u32): void {
  if (size <= 512) copy32(to, from, size);
  else memory.copy(to, from, size);
}
