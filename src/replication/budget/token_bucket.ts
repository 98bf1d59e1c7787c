/**
 * Bytes per second, with a little saved up while the link rests. Pure arithmetic.
 *
 * In any time t no more passes than `rate * t + max(capacity, largest piece)`: a piece larger than
 * the bucket waits until it is full, and leaves a debt.
 *
 * @module
 */
import { assert } from "../../base/assert.ts";
import { LINK_BURST_MS } from "../../base/link_limits.ts";

export class TokenBucket {
  #bytesPerSecond: number;
  #tokens: number;
  #atMs: number;

  /** @param bytesPerSecond the cap; Infinity for none */
  constructor(bytesPerSecond: number, nowMs: number) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#tokens = this.capacity;
    this.#atMs = nowMs;
  }

  get bytesPerSecond(): number {
    return this.#bytesPerSecond;
  }

  /** Bytes that may pass at once after a rest. */
  get capacity(): number {
    return this.#bytesPerSecond * LINK_BURST_MS / 1_000;
  }

  /** From now on; what was saved up or is owed stays, as far as the new bucket holds it. */
  setRate(bytesPerSecond: number, nowMs: number): void {
    assert(bytesPerSecond > 0, "a cap lets something pass");
    this.#fill(nowMs);
    if (this.#bytesPerSecond === Infinity) this.#tokens = 0;
    this.#bytesPerSecond = bytesPerSecond;
    // A debt made at a high rate must not stop a low one for minutes.
    this.#tokens = Math.max(-this.capacity, Math.min(this.#tokens, this.capacity));
  }

  /** Milliseconds until so many bytes may pass; zero: now. */
  waitMs(bytes: number, nowMs: number): number {
    if (this.#bytesPerSecond === Infinity) return 0;
    this.#fill(nowMs);
    const missing = Math.min(bytes, this.capacity) - this.#tokens;
    return missing <= 0 ? 0 : missing / this.#bytesPerSecond * 1_000;
  }

  /** They pass; to be asked before. */
  take(bytes: number, nowMs: number): void {
    if (this.#bytesPerSecond === Infinity) return;
    this.#fill(nowMs);
    this.#tokens -= bytes;
  }

  #fill(nowMs: number): void {
    const passedMs = nowMs - this.#atMs;
    this.#atMs = nowMs;
    if (this.#bytesPerSecond === Infinity) return;
    const filled = this.#tokens + this.#bytesPerSecond * passedMs / 1_000;
    this.#tokens = Math.min(this.capacity, filled);
  }
}
