/**
 * A moment by which something has to have happened, and that is put off often: each sign of life of
 * a member does. It costs a number then, not a timer.
 *
 * @module
 */
import type { Clock, Timers } from "../base/clock.ts";

export class Deadline {
  readonly #time: Clock & Timers;
  readonly #missed: () => void;
  #dueMs = Infinity;
  #timerMs = Infinity;
  #cancel: (() => void) | null = null;

  constructor(time: Clock & Timers, missed: () => void) {
    this.#time = time;
    this.#missed = missed;
  }

  get isSet(): boolean {
    return this.#dueMs !== Infinity;
  }

  /** That many milliseconds from now on, whatever was set before. */
  set(delayMs: number): void {
    this.#dueMs = this.#time.monotonicMs() + delayMs;
    if (this.#timerMs <= this.#dueMs) return;
    this.#cancel?.();
    this.#arm();
  }

  clear(): void {
    this.#dueMs = this.#timerMs = Infinity;
    this.#cancel?.();
    this.#cancel = null;
  }

  #arm(): void {
    this.#timerMs = this.#dueMs;
    const delayMs = Math.max(0, Math.ceil(this.#dueMs - this.#time.monotonicMs()));
    this.#cancel = this.#time.after(delayMs, () => this.#look());
  }

  #look(): void {
    this.#timerMs = Infinity;
    this.#cancel = null;
    if (this.#dueMs > this.#time.monotonicMs()) return this.#arm();
    this.#dueMs = Infinity;
    this.#missed();
  }
}
