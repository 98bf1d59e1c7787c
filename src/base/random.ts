/** Randomness is handed in, so that a seed replays a run. @module */

export interface Random {
  /** Fills `into` with random bytes. */
  fill(into: Uint8Array): void;
  /** A number in [0, 1). */
  next(): number;
}

/** `count` random bytes as lower-case hex. */
export function randomHex(random: Random, count: number): string {
  const bytes = new Uint8Array(count);
  random.fill(bytes);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A random positive 63-bit number (never zero) in 16 hex digits: what a log id is drawn from. */
export function randomPositive63(random: Random): string {
  for (;;) {
    const bytes = new Uint8Array(8);
    random.fill(bytes);
    bytes[0]! &= 0x7f;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    if (hex !== "0000000000000000") return hex;
  }
}
