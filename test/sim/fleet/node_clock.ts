/**
 * The clock of one machine: its oscillator runs a little fast or slow, and its wall clock is set
 * now and then, rightly or not. Each process on it has timers of its own, which end with it.
 */
import type { Clock, Timers } from "../../../src/base/clock.ts";
import type { VirtualTime } from "./virtual_time.ts";

const EPOCH_MS = 1_760_000_000_000;

/** Survives the process. */
export class NodeClock {
  readonly time: VirtualTime;
  /** By how much its wall clock is wrong. */
  wallErrorMs = 0;
  #rate = 1;
  #countedMs = 0;
  #countedAtMs = 0;

  constructor(time: VirtualTime) {
    this.time = time;
  }

  /** Milliseconds its oscillator counts in one of ours. */
  get rate(): number {
    return this.#rate;
  }

  set rate(rate: number) {
    this.#countedMs = this.countedMs();
    this.#countedAtMs = this.time.nowMs;
    this.#rate = rate;
  }

  countedMs(): number {
    return this.#countedMs + (this.time.nowMs - this.#countedAtMs) * this.#rate;
  }

  wallMs(): number {
    return Math.floor(EPOCH_MS + this.time.nowMs + this.wallErrorMs);
  }
}

/** As one process sees it. */
export class ProcessClock implements Clock, Timers {
  alive = true;
  readonly #clock: NodeClock;
  readonly #startedMs: number;

  constructor(clock: NodeClock) {
    this.#clock = clock;
    this.#startedMs = clock.countedMs();
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  monotonicMs(): number {
    return this.#clock.countedMs() - this.#startedMs;
  }

  after(delayMs: number, task: () => void): () => void {
    const { time, rate } = this.#clock;
    // A hair late rather than early: who waits until a moment finds it reached.
    return time.after(Math.max(0, delayMs) / rate + 1e-6, () => this.#run(task));
  }

  soon(task: () => void): void {
    this.#clock.time.soon(() => this.#run(task));
  }

  #run(task: () => void): void {
    if (this.alive) task();
  }
}
