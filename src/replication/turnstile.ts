/**
 * Requests of one link travel on several connections, so they may overtake each other. What comes
 * early waits here, briefly and in bounded number, for the very offset it follows; refusing it would
 * cost a round trip and the bytes. Lanes of one log that go on at different offsets do not wake each
 * other: a live lane waits for the end of its own island, not for the backlog.
 *
 * @module
 */
import type { Timers } from "../base/clock.ts";
import type { LogId, Offset } from "../base/types.ts";

export interface TurnstileLimits {
  /** How long one waits at most. */
  readonly waitMs: number;
  /** How many wait at most, over all logs. */
  readonly waitersMax: number;
}

export class Turnstile {
  readonly #timers: Timers;
  readonly #limits: TurnstileLimits;
  readonly #waiting = new Map<LogId, Map<Offset, Set<() => void>>>();
  #count = 0;

  constructor(timers: Timers, limits: TurnstileLimits) {
    this.#timers = timers;
    this.#limits = limits;
  }

  get waiting(): number {
    return this.#count;
  }

  /** Resolves true when the log moved there, false when the time is up or too many wait. */
  wait(logId: LogId, expected: Offset): Promise<boolean> {
    if (this.#count >= this.#limits.waitersMax) return Promise.resolve(false);
    this.#count++;
    const places = this.#waiting.get(logId) ?? new Map<Offset, Set<() => void>>();
    this.#waiting.set(logId, places);
    const waiters = places.get(expected) ?? new Set();
    places.set(expected, waiters);
    return new Promise((resolve) => {
      const leave = (moved: boolean) => {
        if (!waiters.delete(wake)) return;
        if (waiters.size === 0) this.#forget(logId, expected, waiters);
        this.#count--;
        cancel();
        resolve(moved);
      };
      const wake = () => leave(true);
      waiters.add(wake);
      const cancel = this.#timers.after(this.#limits.waitMs, () => leave(false));
    });
  }

  /**
   * What was expected at `at` came, or, without an offset, anything may have changed: those who wait
   * look again.
   */
  moved(logId: LogId, at?: Offset): void {
    const places = this.#waiting.get(logId);
    if (places === undefined) return;
    const woken = at === undefined ? [...places.values()] : [places.get(at) ?? []];
    for (const waiters of woken) for (const wake of [...waiters]) wake();
  }

  #forget(logId: LogId, expected: Offset, waiters: ReadonlySet<() => void>): void {
    const places = this.#waiting.get(logId);
    if (places?.get(expected) !== waiters) return;
    places.delete(expected);
    if (places.size === 0) this.#waiting.delete(logId);
  }
}
