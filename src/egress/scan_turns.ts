/**
 * Scans are work for the CPU, and all of the node runs on one. So there is one at a time, for a step
 * of a millisecond or two; then the event loop goes round for everybody else, and then it is the
 * next scan's turn, in the order in which they asked.
 *
 * @module
 */
import type { Timers } from "../base/clock.ts";

/**
 * Rounds of the event loop between two steps: what others ask takes several, one to be read, one for
 * each answer of the disk, one to be written. Where nobody asks, they cost 2 µs each.
 */
const ROUNDS = 8;

export class ScanTurns {
  readonly #timers: Pick<Timers, "soon">;
  readonly #waiting: (() => void)[] = [];
  #busy = false;

  constructor(timers: Pick<Timers, "soon">) {
    this.#timers = timers;
  }

  /** Calls `step` when it is its turn. */
  async run<T>(step: () => Promise<T>): Promise<T> {
    if (this.#busy) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#busy = true;
    try {
      return await step();
    } finally {
      this.#rest(ROUNDS);
    }
  }

  #rest(rounds: number): void {
    this.#timers.soon(() => {
      if (rounds > 1) return this.#rest(rounds - 1);
      const next = this.#waiting.shift();
      if (next === undefined) this.#busy = false;
      else next();
    });
  }
}
