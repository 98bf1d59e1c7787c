/**
 * A clock and timers that a test winds by hand. `soon` either waits to be run, or runs as a
 * microtask where a test wants things to happen of themselves.
 */
import type { Clock, Timers } from "../../src/base/clock.ts";

interface Timer {
  readonly dueMs: number;
  readonly task: () => void;
}

export class HandClock implements Clock, Timers {
  #wallMs: number;
  #monotonicMs = 0;
  #timers: Timer[] = [];
  #soon: (() => void)[] = [];
  readonly #soonIsNow: boolean;

  constructor({ wallMs = 1_700_000_000_000, soon = "microtask" }: {
    readonly wallMs?: number;
    readonly soon?: "microtask" | "by_hand";
  } = {}) {
    this.#wallMs = wallMs;
    this.#soonIsNow = soon === "microtask";
  }

  wallMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = { dueMs: this.#monotonicMs + delayMs, task };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  soon(task: () => void): void {
    if (this.#soonIsNow) queueMicrotask(task);
    else this.#soon.push(task);
  }

  get timersWaiting(): number {
    return this.#timers.length;
  }

  /** Runs what was put off with `soon`, once. */
  runSoon(): void {
    const tasks = this.#soon;
    this.#soon = [];
    for (const task of tasks) task();
  }

  /** Lets time pass; timers run in their order, each at its time. */
  advance(ms: number): void {
    const endMs = this.#monotonicMs + ms;
    for (;;) {
      const next = this.#timers
        .filter(({ dueMs }) => dueMs <= endMs)
        .sort((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined) break;
      this.#pass(next.dueMs - this.#monotonicMs);
      this.#timers = this.#timers.filter((other) => other !== next);
      next.task();
    }
    this.#pass(endMs - this.#monotonicMs);
  }

  /** Somebody sets the wall clock. */
  setWall(wallMs: number): void {
    this.#wallMs = wallMs;
  }

  #pass(ms: number): void {
    this.#monotonicMs += ms;
    this.#wallMs += ms;
  }
}
