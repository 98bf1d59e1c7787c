/**
 * A set of offsets: a contiguous run from the first offset up to a watermark, and islands above
 * it. Pure. Islands are kept sorted and apart; the watermark swallows those it reaches.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import type { Offset, OffsetRange } from "../base/types.ts";

export class RangeSet {
  #watermark: Offset;
  #islands: OffsetRange[];

  constructor(watermark: Offset, islands: readonly OffsetRange[] = []) {
    this.#watermark = watermark;
    this.#islands = [];
    for (const { from, to } of islands) this.add(from, to);
  }

  /** Every offset below it is in the set, or below the first offset of its log. */
  get watermark(): Offset {
    return this.#watermark;
  }

  get islands(): readonly OffsetRange[] {
    return this.#islands;
  }

  /** Adds the offsets of [from, to); those already in it change nothing. */
  add(from: Offset, to: Offset): void {
    assert(from <= to, "a range does not run backwards");
    if (to <= this.#watermark || from === to) return;
    if (from > this.#watermark) return this.#addIsland(from, to);
    this.#watermark = to;
    // Sorted, so that each island reached may reach the next.
    for (const island of this.#islands) {
      if (island.from > this.#watermark) break;
      this.#watermark = Math.max(this.#watermark, island.to);
    }
    this.#islands = this.#islands.filter((island) => island.from > this.#watermark);
  }

  /** Whether all of [from, to) is in the set. */
  covers(from: Offset, to: Offset): boolean {
    return to <= this.#watermark ||
      this.#islands.some((island) => island.from <= from && to <= island.to);
  }

  /** Whether any of [from, to) is in the set. */
  touches(from: Offset, to: Offset): boolean {
    return from < this.#watermark ||
      this.#islands.some((island) => island.from < to && from < island.to);
  }

  /** What of [from, to) is not in the set. */
  lacking(from: Offset, to: Offset): OffsetRange[] {
    const lacking: OffsetRange[] = [];
    let at = Math.max(from, this.#watermark);
    for (const island of this.#islands) {
      if (island.to <= at) continue;
      if (island.from >= to) break;
      if (island.from > at) lacking.push({ from: at, to: island.from });
      at = island.to;
    }
    if (at < to) lacking.push({ from: at, to });
    return lacking;
  }

  copy(): RangeSet {
    return new RangeSet(this.#watermark, this.#islands);
  }

  #addIsland(from: Offset, to: Offset): void {
    const apart: OffsetRange[] = [];
    for (const island of this.#islands) {
      if (island.to < from || island.from > to) {
        apart.push(island);
      } else {
        from = Math.min(from, island.from);
        to = Math.max(to, island.to);
      }
    }
    apart.push({ from, to });
    this.#islands = apart.sort((a, b) => a.from - b.from);
  }
}
