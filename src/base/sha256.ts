/**
 * SHA-256 (FIPS 180-4), here because lower rooms need it at once and without a runtime's own.
 *
 * @module
 */
import { assert } from "./assert.ts";
import { viewOf } from "./bytes.ts";

const BLOCK_BYTES = 64;
const LENGTH_BYTES = 8;

/** Fractional bits of the cube roots of the first 64 primes, and of the square roots of 8. */
const K = new Uint32Array(64);
const FIRST = new Uint32Array(8);
for (let number = 2, at = 0; at < 64; number++) {
  if (!isPrime(number)) continue;
  K[at] = fractionOf(Math.cbrt(number));
  if (at < 8) FIRST[at] = fractionOf(Math.sqrt(number));
  at++;
}

export class Sha256 {
  readonly #state = FIRST.slice();
  readonly #words = new Uint32Array(64);
  readonly #rest = new Uint8Array(BLOCK_BYTES);
  #sizeBytes = 0;
  #done = false;

  update(bytes: Uint8Array): this {
    assert(!this.#done, "nothing is added to a digest that was told");
    let at = 0;
    const used = this.#sizeBytes % BLOCK_BYTES;
    this.#sizeBytes += bytes.length;
    if (used > 0) {
      at = Math.min(BLOCK_BYTES - used, bytes.length);
      this.#rest.set(bytes.subarray(0, at), used);
      if (used + at < BLOCK_BYTES) return this;
      this.#block(viewOf(this.#rest), 0);
    }
    const view = viewOf(bytes);
    for (; at + BLOCK_BYTES <= bytes.length; at += BLOCK_BYTES) this.#block(view, at);
    this.#rest.set(bytes.subarray(at));
    return this;
  }

  /** One that stands where this one does, and goes on for itself. */
  copy(): Sha256 {
    const copy = new Sha256();
    copy.#state.set(this.#state);
    copy.#rest.set(this.#rest);
    copy.#sizeBytes = this.#sizeBytes;
    copy.#done = this.#done;
    return copy;
  }

  /** The 32 bytes of the digest; nothing can be added afterwards. */
  digest(): Uint8Array {
    const bits = BigInt(this.#sizeBytes) * 8n;
    const used = this.#sizeBytes % BLOCK_BYTES;
    const room = BLOCK_BYTES - LENGTH_BYTES;
    const padding = new Uint8Array((used < room ? room : room + BLOCK_BYTES) - used + LENGTH_BYTES);
    padding[0] = 0x80;
    viewOf(padding).setBigUint64(padding.length - LENGTH_BYTES, bits);
    this.update(padding);
    this.#done = true;
    const digest = new Uint8Array(32);
    const view = viewOf(digest);
    this.#state.forEach((word, at) => view.setUint32(at * 4, word));
    return digest;
  }

  #block(view: DataView, position: number): void {
    const words = this.#words;
    for (let at = 0; at < 16; at++) words[at] = view.getUint32(position + at * 4);
    for (let at = 16; at < 64; at++) {
      const [before, last] = [words[at - 15]!, words[at - 2]!];
      const s0 = rotated(before, 7) ^ rotated(before, 18) ^ (before >>> 3);
      const s1 = rotated(last, 17) ^ rotated(last, 19) ^ (last >>> 10);
      words[at] = (words[at - 16]! + s0 + words[at - 7]! + s1) | 0;
    }
    const state = this.#state;
    let a = state[0]!, b = state[1]!, c = state[2]!, d = state[3]!;
    let e = state[4]!, f = state[5]!, g = state[6]!, h = state[7]!;
    for (let at = 0; at < 64; at++) {
      const s1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
      const first = (h + s1 + ((e & f) ^ (~e & g)) + K[at]! + words[at]!) | 0;
      const s0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
      const second = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + first) | 0;
      d = c;
      c = b;
      b = a;
      a = (first + second) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((word, at) => state[at] = (state[at]! + word) | 0);
  }
}

/** The digest of all of them, back to back. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const sum = new Sha256();
  for (const part of parts) sum.update(part);
  return sum.digest();
}

function rotated(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

/** The first 32 bits behind the point. */
function fractionOf(value: number): number {
  return Math.floor((value - Math.floor(value)) * 2 ** 32);
}

function isPrime(number: number): boolean {
  for (let by = 2; by * by <= number; by++) if (number % by === 0) return false;
  return true;
}
