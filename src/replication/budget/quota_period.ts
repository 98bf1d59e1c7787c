/**
 * What was used of one day or one month: it only ends when the calendar goes on. A clock that was
 * set back stays in the period it came from, for as long as that lasts; one that was set on begins
 * a new one, which is the price of believing it.
 *
 * @module
 */

export class QuotaPeriod {
  /** "2026-11-22" or "2026-11"; empty before the first look. */
  key: string;
  /** Bytes used or promised in it. */
  used: number;
  /** What the book says was used: at least what was, or will be before it is written again. */
  marked: number;
  limit: number;
  readonly #lengthMs: number;
  #behindSinceMs: number | null = null;

  constructor(lengthMs: number, { key, marked }: { key: string; marked: number }) {
    this.key = key;
    this.used = marked;
    this.marked = marked;
    this.limit = Infinity;
    this.#lengthMs = lengthMs;
  }

  /**
   * @param key     the period by the calendar of now
   * @param held    bytes promised to requests under way: they may go in either period
   * @returns whether another period began
   */
  roll(key: string, held: number, monotonicMs: number): boolean {
    if (key === this.key) {
      this.#behindSinceMs = null;
      return false;
    }
    if (key < this.key) {
      this.#behindSinceMs ??= monotonicMs;
      if (monotonicMs - this.#behindSinceMs < this.#lengthMs) return false;
    }
    this.key = key;
    this.used = held;
    this.marked = 0;
    this.#behindSinceMs = null;
    return true;
  }
}
