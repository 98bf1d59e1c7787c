/**
 * Seeded mutation: the same seed makes the same inputs. Set LOGBOOM_SEED to replay a failure.
 *
 * @module
 */
import process from "node:process";

export interface SeededRandom {
  readonly seed: number;
  /** A whole number from 0 to just below `limit`. */
  below(limit: number): number;
}

/** Mulberry32: small, and good enough to choose bytes. */
export function seededRandom(seed = defaultSeed()): SeededRandom {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { seed, below: (limit) => Math.floor(next() * limit) };
}

function defaultSeed(): number {
  const given = process.env["LOGBOOM_SEED"];
  return given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
}

/** Values that sit on the edges of lengths, counts and flags. */
const EDGES = [0, 1, 2, 0x7e, 0x7f, 0x80, 0x81, 0xfe, 0xff];

/** A copy of `input` with one to a few changes: flips, edges, cuts, repeats, insertions. */
export function mutate(input: Uint8Array, random: SeededRandom): Uint8Array {
  let bytes = input.slice();
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    const at = random.below(bytes.length + 1);
    switch (random.below(6)) {
      case 0:
        if (at < bytes.length) bytes[at]! ^= 1 << random.below(8);
        break;
      case 1:
        if (at < bytes.length) bytes[at] = EDGES[random.below(EDGES.length)]!;
        break;
      case 2:
        if (at < bytes.length) bytes[at] = random.below(256);
        break;
      case 3:
        bytes = bytes.slice(0, at);
        break;
      case 4:
        bytes = splice(bytes, at, bytes.subarray(at, at + random.below(40)));
        break;
      default:
        bytes = splice(bytes, at, Uint8Array.of(random.below(256), random.below(256)));
    }
  }
  return bytes;
}

/** `bytes` with `inserted` at `at`. */
function splice(bytes: Uint8Array, at: number, inserted: Uint8Array): Uint8Array<ArrayBuffer> {
  const spliced = new Uint8Array(bytes.length + inserted.length);
  spliced.set(bytes.subarray(0, at));
  spliced.set(inserted, at);
  spliced.set(bytes.subarray(at), at + inserted.length);
  return spliced;
}
