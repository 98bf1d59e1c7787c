/**
 * One commit wakes all who wait at the end of a log, and most of them ask for the same page: it is
 * read and encoded once for all who come while that is under way, and kept for nobody else.
 *
 * @module
 */
import type { Timers } from "../base/clock.ts";

export class SharedPages<Page> {
  readonly #timers: Pick<Timers, "soon">;
  readonly #pages = new Map<string, Promise<Page>>();

  constructor(timers: Pick<Timers, "soon">) {
    this.#timers = timers;
  }

  get size(): number {
    return this.#pages.size;
  }

  /**
   * The page of that key, which says all that it depends on; made now where nobody is at it.
   *
   * @throws (rejects) what making it throws, to all who share it
   */
  take(key: string, make: () => Promise<Page>): Promise<Page> {
    const known = this.#pages.get(key);
    if (known !== undefined) return known;
    const page = make();
    this.#pages.set(key, page);
    // Those who were woken together come within the same turn.
    const forget = () => this.#timers.soon(() => this.#pages.delete(key));
    page.then(forget, forget);
    return page;
  }
}
