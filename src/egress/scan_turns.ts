/**
 * Scans are work for the CPU, and all of the node runs on one: each works for a few milliseconds,
 * then the event loop serves everybody else once, then it is the next scan's turn.
 *
 * @module
 */
import type { Clock, Timers } from "../base/clock.ts";
import { FETCH_SCAN_TURN_MS } from "../base/reader_limits.ts";

export interface ScanTurnsOptions {
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly timers: Pick<Timers, "soon">;
}

export class ScanTurns {
  readonly #options: ScanTurnsOptions;
  readonly #waiting: (() => void)[] = [];
  #scheduled = false;

  constructor(options: ScanTurnsOptions) {
    this.#options = options;
  }

  /** Resolves when it is the caller's turn, with what says when it is over. */
  async take(): Promise<ScanTurn> {
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      this.#schedule();
    });
    return new ScanTurn(this.#options.clock);
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0) return;
    this.#scheduled = true;
    // One in each turn of the loop, however many wait.
    this.#options.timers.soon(() => {
      this.#scheduled = false;
      this.#waiting.shift()?.();
      this.#schedule();
    });
  }
}

export class ScanTurn {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #endMs: number;

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
    this.#endMs = clock.monotonicMs() + FETCH_SCAN_TURN_MS;
  }

  get isOver(): boolean {
    return this.#clock.monotonicMs() >= this.#endMs;
  }
}
