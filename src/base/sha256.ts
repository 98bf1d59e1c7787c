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
const K = new Int32Array(64);
const FIRST = new Int32Array(8);
for (let number = 2, at = 0; at < 64; number++) {
  if (!isPrime(number)) continue;
  K[at] = fractionOf(Math.cbrt(number));
  if (at < 8) FIRST[at] = fractionOf(Math.sqrt(number));
  at++;
}

export class Sha256 {
  readonly #state = FIRST.slice();
  readonly #words = new Int32Array(64);
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
    this.#state.forEach((word, at) => view.setInt32(at * 4, word));
    return digest;
  }

  #block(view: DataView, position: number): void {
    const words = this.#words;
    for (let at = 0; at < 16; at++) words[at] = view.getInt32(position + at * 4);
    for (let at = 16; at < 64; at++) {
      const before = words[at - 15]!;
      const last = words[at - 2]!;
      const s0 = (before >>> 7 | before << 25) ^ (before >>> 18 | before << 14) ^ (before >>> 3);
      const s1 = (last >>> 17 | last << 15) ^ (last >>> 19 | last << 13) ^ (last >>> 10);
      words[at] = (words[at - 16]! + s0 | 0) + (words[at - 7]! + s1 | 0) | 0;
    }
    const state = this.#state;
    let a = state[0]!, b = state[1]!, c = state[2]!, d = state[3]!;
    let e = state[4]!, f = state[5]!, g = state[6]!, h = state[7]!;
    for (let at = 0; at < 64; at++) {
      const s1 = (e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7);
      const first = ((h + s1 | 0) + (g ^ (e & (f ^ g))) | 0) + (K[at]! + words[at]! | 0) | 0;
      const s0 = (a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10);
      const second = s0 + ((a & b) | (c & (a | b))) | 0;
      h = g;
      g = f;
      f = e;
      e = d + first | 0;
      d = c;
      c = b;
      b = a;
      a = first + second | 0;
    }
    state[0] = state[0]! + a | 0;
    state[1] = state[1]! + b | 0;
    state[2] = state[2]! + c | 0;
    state[3] = state[3]! + d | 0;
    state[4] = state[4]! + e | 0;
    state[5] = state[5]! + f | 0;
    state[6] = state[6]! + g | 0;
    state[7] = state[7]! + h | 0;
  }
}

/** The digest of all of them, back to back. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const sum = new Sha256();
  for (const part of parts) sum.update(part);
  return sum.digest();
}

/** The first 32 bits behind the point. */
function fractionOf(value: number): number {
  return Math.floor((value - Math.floor(value)) * 2 ** 32);
}

function isPrime(number: number): boolean {
  for (let by = 2; by * by <= number; by++) if (number % by === 0) return false;
  return true;
}
