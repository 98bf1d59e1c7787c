/**
 * Lanes that must not be served for a while: the upstream refuses them, or they made no headway.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Lane } from "./lane.ts";

export class Waiting {
  readonly #clock: Clock;
  readonly #untilMs = new Map<Lane, number>();
  /** Refusals in a row, without headway between them. */
  readonly #setbacks = new Map<Lane, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#untilMs.size;
  }

  has(lane: Lane): boolean {
    return this.#untilMs.has(lane);
  }

  setbacks(lane: Lane): number {
    return this.#setbacks.get(lane) ?? 0;
  }

  add(lane: Lane, delayMs: number): void {
    if (delayMs > 0) this.#untilMs.set(lane, this.#clock.monotonicMs() + delayMs);
  }

  /** Counts a refusal, and makes the lane wait. */
  setBack(lane: Lane, delayMs: number): void {
    this.#setbacks.set(lane, this.setbacks(lane) + 1);
    this.add(lane, delayMs);
  }

  /** The lane made headway. */
  clear(lane: Lane): void {
    this.#setbacks.delete(lane);
  }

  reset(): void {
    this.#untilMs.clear();
    this.#setbacks.clear();
  }

  /** Lanes that waited long enough; they wait no longer. */
  due(): Lane[] {
    if (this.#untilMs.size === 0) return [];
    const nowMs = this.#clock.monotonicMs();
    const lanes = [...this.#untilMs].filter(([, untilMs]) => untilMs <= nowMs);
    for (const [lane] of lanes) this.#untilMs.delete(lane);
    return lanes.map(([lane]) => lane);
  }

  /** Milliseconds until the next is due; null when none waits. */
  nextDueMs(): number | null {
    let earliest = Number.POSITIVE_INFINITY;
    for (const untilMs of this.#untilMs.values()) earliest = Math.min(earliest, untilMs);
    return this.#untilMs.size === 0 ? null : Math.max(0, earliest - this.#clock.monotonicMs());
  }
}
