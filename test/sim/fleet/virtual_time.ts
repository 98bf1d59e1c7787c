/**
 * One time for a whole fleet. It does not tick: it jumps from one thing that is due to the next,
 * once everything that can go on without time passing has gone on. What is due at one moment runs
 * in the order in which it was asked for, so that a seed replays.
 */

interface Due {
  readonly atMs: number;
  readonly order: number;
  task: (() => void) | null;
}

/** Whoever waits again and again for a moment that is over takes them all. */
const TURNS_OF_A_MS_MAX = 5_000;

export class VirtualTime {
  nowMs = 0;
  /** How often time stood still, for everything to settle. */
  turns = 0;
  /** What a task threw: a bug of the product, or of the simulation. */
  bug: unknown = null;
  /** When this millisecond began, and the turn with which it did. */
  readonly #began = { ms: 0, turn: 0 };
  readonly #heap: Due[] = [];
  #soon: (() => void)[] = [];
  #order = 0;

  /** Runs `task` once, when it is `atMs`; the returned function takes it back. */
  at(atMs: number, task: () => void): () => void {
    const due: Due = { atMs: Math.max(atMs, this.nowMs), order: this.#order++, task };
    this.#push(due);
    return () => {
      due.task = null;
    };
  }

  after(delayMs: number, task: () => void): () => void {
    return this.at(this.nowMs + delayMs, task);
  }

  /** Runs `task` once what is under way has come to a stop; no time passes. */
  soon(task: () => void): void {
    this.#soon.push(task);
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.after(delayMs, resolve));
  }

  /** Lets time pass until `endMs`, or until `done`. */
  async runUntil(endMs: number, done: () => boolean = () => false): Promise<void> {
    for (;;) {
      await settled();
      this.turns++;
      this.#watch();
      if (this.bug !== null || done()) return;
      if (this.#soon.length > 0) {
        const tasks = this.#soon;
        this.#soon = [];
        for (const task of tasks) this.#run(task);
        continue;
      }
      const first = this.#first();
      if (first === undefined || first.atMs > endMs) {
        this.nowMs = Math.max(this.nowMs, endMs);
        return;
      }
      this.nowMs = first.atMs;
      for (;;) {
        const next = this.#first();
        if (next === undefined || next.atMs > this.nowMs) break;
        this.#pop();
        this.#run(next.task!);
      }
    }
  }

  #watch(): void {
    const began = this.#began;
    if (this.nowMs - began.ms >= 1) {
      began.ms = this.nowMs;
      began.turn = this.turns;
    } else if (this.turns - began.turn > TURNS_OF_A_MS_MAX) {
      this.bug ??= new Error(`somebody spins: ${TURNS_OF_A_MS_MAX} turns in a millisecond`);
    }
  }

  #run(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.bug ??= error;
    }
  }

  /** The next that was not taken back. */
  #first(): Due | undefined {
    while (this.#heap.length > 0 && this.#heap[0]!.task === null) this.#pop();
    return this.#heap[0];
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(due);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(due, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = due;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** Once every promise that could go on has gone on: nothing here waits for the outside world. */
function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
