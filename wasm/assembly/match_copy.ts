/**
 * Copying a match: bytes that were already written, `distance` back, which may overlap those being
 * written and then repeat. LZ4 and snappy both come down to this.
 */
import { copy16 } from "./bytes";

/** Copies `size` bytes, at least one, to `to` from `distance` before it; writes none past `end`. */
export function copyMatch(to: usize, distance: u32, size: u32, end: usize): void {
  const from = to - distance;
  const stop = to + size;
  if (stop + 16 > end) {
    for (let at = from; to < stop; at++, to++) store<u8>(to, load<u8>(at));
    return;
  }
  if (distance < 16) {
    // What repeats every `distance` bytes repeats every multiple of it: write as much as makes
    // that multiple sixteen or more, then go on from the same source in steps of sixteen.
    const repeats = to + ((15 / distance) * distance);
    const head = min(stop, repeats);
    for (let at = from; to < head; at++, to++) store<u8>(to, load<u8>(at));
    if (to == stop) return;
  }
  copy16(to, from, <u32> (stop - to));
}
