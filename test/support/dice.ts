/** Seeded randomness for tests: the same seed, the same throws. */
import type { Random } from "../../src/base/random.ts";

/** Numbers in [0, 1): mulberry32. */
export function diceOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function pick<T>(dice: () => number, from: readonly T[]): T {
  return from[Math.floor(dice() * from.length)]!;
}

/** Randomness as the store takes it. */
export function seededRandom(seed: number): Random {
  const dice = diceOf(seed);
  return {
    fill: (into) => {
      for (let at = 0; at < into.length; at++) into[at] = dice() * 256;
    },
    next: dice,
  };
}
