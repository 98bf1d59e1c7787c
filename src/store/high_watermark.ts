/**
 * The high watermark: readers see offsets below it. It moves when a commit is durable, and wakes
 * who waits for it; nobody polls.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import type { Timers } from "../base/clock.ts";
import type { Offset } from "../base/types.ts";

interface Waiter {
  readonly offset: Offset;
  /** Total of committed bytes at which this waiter has enough. */
  readonly bytesAt: number;
  readonly wake: (enough: boolean) => void;
}

export interface WaitOptions {
  /** Bytes still to come beyond those already there; 0 or none: one record is enough. */
  readonly bytesMissing?: number;
  /** Infinity: no timer is set, and somebody else ends the wait. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export class HighWatermark {
  readonly #timers: Timers;
  readonly #waiters = new Set<Waiter>();
  #offset: Offset;
  #bytes = 0;

  constructor(timers: Timers, offset: Offset) {
    this.#timers = timers;
    this.#offset = offset;
  }

  get offset(): Offset {
    return this.#offset;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /** Moves up to `offset`, `bytes` of batches further on, and wakes who has enough. */
  advance(offset: Offset, bytes: number): void {
    assert(offset >= this.#offset, "the high watermark never falls");
    this.#offset = offset;
    this.#bytes += bytes;
    for (const waiter of this.#waiters) {
      if (offset > waiter.offset && this.#bytes >= waiter.bytesAt) waiter.wake(true);
    }
  }

  /** Wakes everyone with false: nothing more comes, or not for a while. */
  wakeAll(): void {
    for (const waiter of this.#waiters) waiter.wake(false);
  }

  /** Resolves true once the watermark is above `offset` with enough bytes, false on time or abort. */
  waitFor(offset: Offset, options: WaitOptions): Promise<boolean> {
    const bytesMissing = options.bytesMissing ?? 0;
    if (this.#offset > offset && bytesMissing <= 0) return Promise.resolve(true);
    if (options.signal?.aborted || options.timeoutMs <= 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      const abort = () => waiter.wake(false);
      const waiter: Waiter = {
        offset,
        bytesAt: this.#bytes + bytesMissing,
        wake: (enough) => {
          if (!this.#waiters.delete(waiter)) return;
          cancel();
          options.signal?.removeEventListener("abort", abort);
          resolve(enough);
        },
      };
      this.#waiters.add(waiter);
      const timed = options.timeoutMs < Infinity;
      const cancel = timed ? this.#timers.after(options.timeoutMs, abort) : () => {};
      options.signal?.addEventListener("abort", abort, { once: true });
    });
  }
}
