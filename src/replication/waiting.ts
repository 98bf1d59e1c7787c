/**
 * Lanes that must not be served for a while: the upstream refuses them, or they made no headway.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Refusal } from "../protocol/replication/refusal.ts";
import type { LaneRefusal } from "./forwarder_options.ts";
import type { Lane } from "./lane.ts";

const REASONS_SHOWN_MAX = 10;

export class Waiting {
  readonly #clock: Clock;
  readonly #untilMs = new Map<Lane, number>();
  /** Refusals in a row, without headway between them. */
  readonly #setbacks = new Map<Lane, number>();
  readonly #refusals = new Map<Lane, Pick<Refusal, "code" | "detail">>();

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

  /** @param refusal what the upstream says of it, for the status */
  add(lane: Lane, delayMs: number, refusal?: Pick<Refusal, "code" | "detail">): void {
    if (delayMs > 0) this.#untilMs.set(lane, this.#clock.monotonicMs() + delayMs);
    if (refusal !== undefined) this.#refusals.set(lane, refusal);
  }

  /** Why lanes wait that were refused; of some, where there are many. */
  *reasons(): Iterable<LaneRefusal> {
    let left = REASONS_SHOWN_MAX;
    for (const [lane, { code, detail }] of this.#refusals) {
      if (left-- === 0) return;
      yield { lane: lane.name, code, detail };
    }
  }

  /** Counts a refusal, and makes the lane wait. */
  setBack(lane: Lane, delayMs: number): void {
    this.#setbacks.set(lane, this.setbacks(lane) + 1);
    this.add(lane, delayMs);
  }

  /** The lane made headway. */
  clear(lane: Lane): void {
    this.#setbacks.delete(lane);
    this.#refusals.delete(lane);
  }

  reset(): void {
    this.#untilMs.clear();
    this.#setbacks.clear();
    this.#refusals.clear();
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
