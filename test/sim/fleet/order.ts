/**
 * The order in which the records of one source arrived at a node: each behind the one before it, of
 * those that are there; or in a stream that was said to begin ahead of that one.
 */
import type { Openings } from "./openings.ts";

/** How the records of one source may follow one another. */
export type OrderRule = "strict" | "openings";

export interface Arrived {
  readonly id: number;
  readonly logId: string;
  readonly sourceOffset: number;
}

export class Order {
  readonly #rule: OrderRule;
  readonly #arrivals: Arrived[] = [];

  constructor(rule: OrderRule) {
    this.#rule = rule;
  }

  take(arrived: Arrived): void {
    this.#arrivals.push(arrived);
  }

  /** Logs of which a stream was said to go ahead, though nothing of them may. */
  opened(openings: Pick<Openings, "between">): string[] {
    if (this.#rule !== "strict") return [];
    const logs = new Set(this.#arrivals.map(({ logId }) => logId));
    return [...logs].filter((logId) => openings.between(logId, -1, Infinity));
  }

  /** Those that came too early, each with the number of the one it should have waited for. */
  *early(openings: Pick<Openings, "between">): Iterable<{ id: number; before: number }> {
    const inOrder = [...this.#arrivals].sort((a, b) => a.id - b.id);
    const beforeOf = new Map(inOrder.map(({ id }, at) => [id, inOrder[at - 1]]));
    const here = new Set<number>();
    for (const { id, logId, sourceOffset } of this.#arrivals) {
      here.add(id);
      const before = beforeOf.get(id);
      if (before === undefined || here.has(before.id)) continue;
      // What the stream began with may be gone by now; what is below its opening came otherwise.
      const below = before.logId === logId ? before.sourceOffset : -1;
      const isOpened = openings.between(logId, below, sourceOffset);
      if (this.#rule === "strict" || !isOpened) yield { id, before: before.id };
    }
  }
}
