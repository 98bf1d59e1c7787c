/**
 * The age clock: milliseconds this node has run, all its runs together. Retention measures age by
 * it, because no other clock can be trusted: gateways boot in 1970, and a wall clock that is set
 * right leaps over decades. Time in which the node did not run does not age its data.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { WALL_CLOCK_STEP_MS } from "../base/limits.ts";
import type { Logger } from "../base/log.ts";

export class AgeClock {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #startMs: number;
  readonly #startedAt: number;
  /** What the wall clock says beyond the monotonic one; constant unless somebody sets a clock. */
  #wallAheadMs: number;

  /** `startMs` is what the clock showed when it was last persisted. */
  constructor(clock: Clock, startMs: number, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
    this.#startMs = startMs;
    this.#startedAt = clock.monotonicMs();
    this.#wallAheadMs = clock.wallMs() - this.#startedAt;
  }

  nowMs(): number {
    return Math.floor(this.#startMs + this.#clock.monotonicMs() - this.#startedAt);
  }

  /** Logs it when the wall clock was stepped by more than an hour since the last call. */
  watchWallClock(): void {
    const aheadMs = this.#clock.wallMs() - this.#clock.monotonicMs();
    const stepMs = Math.round(aheadMs - this.#wallAheadMs);
    this.#wallAheadMs = aheadMs;
    if (Math.abs(stepMs) < WALL_CLOCK_STEP_MS) return;
    this.#logger.warn("wall_clock_stepped", {
      step_ms: stepMs,
      effect: "none: nothing ages by it",
    });
  }
}
