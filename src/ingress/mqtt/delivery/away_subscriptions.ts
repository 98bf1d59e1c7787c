/**
 * How many subscriptions those sessions have whose queues are not in memory. They count, too, where
 * all together are limited: their rows take the disk, and their clients may come back.
 *
 * @module
 */
export class AwaySubscriptions {
  readonly #counts: Map<string, number>;
  #total = 0;

  constructor(counts: ReadonlyMap<string, number>) {
    this.#counts = new Map(counts);
    for (const count of counts.values()) this.#total += count;
  }

  get total(): number {
    return this.#total;
  }

  /** The queue of that client is forgotten. */
  add(clientId: string, count: number): void {
    if (count === 0) return;
    this.#counts.set(clientId, count);
    this.#total += count;
  }

  /** It is in memory again, or its session is over. */
  remove(clientId: string): void {
    this.#total -= this.#counts.get(clientId) ?? 0;
    this.#counts.delete(clientId);
  }
}
