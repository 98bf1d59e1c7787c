/**
 * Requests of one link travel on several connections, so they may overtake each other. What comes
 * early waits here, briefly and in bounded number, until its log moved; refusing it would cost a
 * round trip and the bytes.
 *
 * @module
 */
import type { Timers } from "../base/clock.ts";
import type { LogId } from "../base/types.ts";

export interface TurnstileLimits {
  /** How long one waits at most. */
  readonly waitMs: number;
  /** How many wait at most, over all logs. */
  readonly waitersMax: number;
}

export class Turnstile {
  readonly #timers: Timers;
  readonly #limits: TurnstileLimits;
  readonly #waiting = new Map<LogId, Set<() => void>>();
  #count = 0;

  constructor(timers: Timers, limits: TurnstileLimits) {
    this.#timers = timers;
    this.#limits = limits;
  }

  get waiting(): number {
    return this.#count;
  }

  /** Resolves true when the log moved, false when the time is up or too many wait. */
  wait(logId: LogId): Promise<boolean> {
    if (this.#count >= this.#limits.waitersMax) return Promise.resolve(false);
    this.#count++;
    const waiters = this.#waiting.get(logId) ?? new Set();
    this.#waiting.set(logId, waiters);
    return new Promise((resolve) => {
      const leave = (moved: boolean) => {
        if (!waiters.delete(wake)) return;
        if (waiters.size === 0) this.#waiting.delete(logId);
        this.#count--;
        cancel();
        resolve(moved);
      };
      const wake = () => leave(true);
      waiters.add(wake);
      const cancel = this.#timers.after(this.#limits.waitMs, () => leave(false));
    });
  }

  /** The log moved: everyone who waits for it looks again. */
  moved(logId: LogId): void {
    for (const wake of [...this.#waiting.get(logId) ?? []]) wake();
  }
}
