/**
 * Whose turn it is, by rank, and with a floor for each: a class that waits saves up a part of what
 * the others get, and goes when that is enough for what it wants to send. Pure.
 *
 * @module
 */
import { LINK_CLASS_FLOOR, LINK_FLOORS_MAX } from "../../base/link_limits.ts";

/** What one class may save up: two of the largest requests, or a rest would cost the others much. */
const SAVED_BYTES_MAX = 2 * 1024 * 1024;

export interface Wanting {
  readonly rank: number;
  /** What it would send next. */
  readonly bytes: number;
}

export class ClassShare {
  /** By rank: bytes that class may send though a better one waits. */
  readonly #saved = new Map<number, number>();

  /** The one of them whose turn it is; the first of equals. */
  next<One extends Wanting>(waiting: Iterable<One>): One | null {
    let best: One | null = null;
    let due: One | null = null;
    let dueBytes = 0;
    for (const one of waiting) {
      if (best === null || one.rank > best.rank) best = one;
      const saved = this.#saved.get(one.rank) ?? 0;
      if (saved >= one.bytes && saved > dueBytes) [due, dueBytes] = [one, saved];
    }
    return due ?? best;
  }

  /** `rank` got so many bytes while those of `waiting` did not. */
  sent(rank: number, bytes: number, waiting: Iterable<number>): void {
    const own = this.#saved.get(rank) ?? 0;
    if (own > 0) this.#saved.set(rank, Math.max(0, own - bytes));
    const others = new Set(waiting);
    others.delete(rank);
    const part = Math.min(LINK_CLASS_FLOOR, LINK_FLOORS_MAX / others.size);
    for (const other of others) {
      const saved = (this.#saved.get(other) ?? 0) + part * bytes;
      this.#saved.set(other, Math.min(SAVED_BYTES_MAX, saved));
    }
    // Who has nothing to send saves nothing up.
    for (const known of this.#saved.keys()) {
      if (known !== rank && !others.has(known)) this.#saved.delete(known);
    }
  }
}
