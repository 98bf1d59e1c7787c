/**
 * An answer that waits for others: a join for the members that are missing, a sync for the leader.
 *
 * @module
 */
import type { Timers } from "../base/clock.ts";

export interface ParkedOptions {
  readonly timers: Timers;
  readonly signal?: AbortSignal | undefined;
  readonly waitMs?: number | undefined;
  /** Its client has gone; what the answer rejects with is heard by nobody. */
  readonly gone: () => unknown;
  /** `waitMs` is over. */
  readonly late: () => unknown;
}

export class Parked<T> {
  readonly answer: Promise<T>;
  readonly #settle: PromiseWithResolvers<T>;
  readonly #signal: AbortSignal | undefined;
  readonly #abort: () => void;
  #cancel: (() => void) | null = null;
  #settled = false;

  constructor({ timers, signal, waitMs, gone, late }: ParkedOptions) {
    this.#settle = Promise.withResolvers<T>();
    this.answer = this.#settle.promise;
    this.#signal = signal;
    this.#abort = () => {
      if (!this.#settled) this.reject(gone());
    };
    if (waitMs !== undefined) this.#cancel = timers.after(waitMs, () => this.reject(late()));
    signal?.addEventListener("abort", this.#abort, { once: true });
    // Not at once: whoever parks it has still to note it.
    if (signal?.aborted) timers.soon(this.#abort);
  }

  resolve(value: T): void {
    if (this.#end()) this.#settle.resolve(value);
  }

  reject(error: unknown): void {
    if (this.#end()) this.#settle.reject(error);
  }

  #end(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#cancel?.();
    this.#signal?.removeEventListener("abort", this.#abort);
    return true;
  }
}
