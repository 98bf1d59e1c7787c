/**
 * How much of something may be taken a second. What is taken is charged afterwards, so that it may
 * go into debt; whoever comes then waits until it is paid.
 *
 * @module
 */

export interface RateBucketOptions {
  readonly perSecond: number;
  /** How much may be saved up; a second's worth where left out. */
  readonly burst?: number;
}

export class RateBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number;

  constructor({ perSecond, burst = perSecond }: RateBucketOptions, nowMs: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#atMs = nowMs;
  }

  charge(amount: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#tokens -= amount;
  }

  /** Milliseconds until there is no debt; 0 where there is none. */
  waitMs(nowMs: number): number {
    this.#refill(nowMs);
    return this.#tokens >= 0 ? 0 : Math.ceil(-this.#tokens / this.#perSecond * 1_000);
  }

  /** Takes one, where there is a whole one. */
  tryTake(nowMs: number): boolean {
    this.#refill(nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Whether nothing is known of it that a fresh one would not know. */
  isFull(nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#tokens >= this.#burst;
  }

  #refill(nowMs: number): void {
    const passedMs = Math.max(0, nowMs - this.#atMs);
    this.#atMs = nowMs;
    this.#tokens = Math.min(this.#burst, this.#tokens + passedMs / 1_000 * this.#perSecond);
  }
}
