/**
 * Streams with something to send, by class, each in its turn: one that was served goes to the end
 * of its class. Which class goes next is the budget's.
 *
 * @module
 */
import { type LinkClass, rankOf } from "./budget/link_class.ts";
import type { Lane } from "./lane.ts";
import type { Stream } from "./stream.ts";

export interface Turn {
  readonly lane: Lane;
  readonly stream: Stream;
}

interface Row {
  readonly linkClass: LinkClass;
  readonly turns: Map<Stream, Turn>;
}

export class Turns {
  readonly #rows = new Map<number, Row>();
  readonly #ranks = new Map<Stream, number>();

  get size(): number {
    return this.#ranks.size;
  }

  /** Puts the streams of a lane that have something to send where they belong. */
  put(lane: Lane): void {
    for (const stream of lane.streams()) {
      const linkClass = lane.classOf(stream);
      const rank = rankOf(linkClass);
      if (this.#ranks.get(stream) === rank) continue;
      this.delete(stream);
      const row = this.#rows.get(rank) ?? { linkClass, turns: new Map() };
      this.#rows.set(rank, row);
      row.turns.set(stream, { lane, stream });
      this.#ranks.set(stream, rank);
    }
  }

  delete(stream: Stream): void {
    const rank = this.#ranks.get(stream);
    if (rank === undefined) return;
    this.#ranks.delete(stream);
    const row = this.#rows.get(rank)!;
    row.turns.delete(stream);
    if (row.turns.size === 0) this.#rows.delete(rank);
  }

  clear(): void {
    this.#rows.clear();
    this.#ranks.clear();
  }

  /** Those with something to send, best first. */
  classes(): LinkClass[] {
    return [...this.#rows].sort(([a], [b]) => b - a).map(([, { linkClass }]) => linkClass);
  }

  /** How many of that class wait. */
  sizeOf(linkClass: LinkClass): number {
    return this.#rows.get(rankOf(linkClass))?.turns.size ?? 0;
  }

  /** Takes the first of that class off. */
  take(linkClass: LinkClass): Turn | null {
    for (const turn of this.#rows.get(rankOf(linkClass))?.turns.values() ?? []) {
      this.delete(turn.stream);
      return turn;
    }
    return null;
  }
}
