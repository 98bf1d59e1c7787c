/**
 * Who may do something heavy, and when: in the order they came, a few at the same time, each behind
 * the sockets that are ready.
 *
 * @module
 */
import type { Timers } from "../../base/clock.ts";

export class Turns {
  readonly #timers: Timers;
  readonly #atOnceMax: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(timers: Timers, atOnceMax: number) {
    this.#timers = timers;
    this.#atOnceMax = atOnceMax;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Runs `task` when its turn has come; settles as it does. */
  async take<T>(task: () => Promise<T>): Promise<T> {
    await this.#turn();
    try {
      return await task();
    } finally {
      this.#running -= 1;
      this.#next();
    }
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#next();
    });
  }

  #next(): void {
    if (this.#running >= this.#atOnceMax) return;
    const first = this.#waiting.shift();
    if (first === undefined) return;
    this.#running += 1;
    this.#timers.soon(first);
  }
}
