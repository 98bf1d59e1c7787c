/**
 * A set of offsets: a contiguous run from the first offset up to a watermark, and islands above
 * it. Pure. Islands are kept sorted and apart; the watermark swallows those it reaches.
 *
 * Some of what the watermark or an island passed may be *open*: it counts for the order of a lane,
 * but it is not here, and may still come (an earlier upstream of its sender holds it).
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import type { Offset, OffsetRange } from "../base/types.ts";
import { areSameHolders, bothHolders, type Holders } from "./holders.ts";

export interface Declaration {
  /** Who declared that it lies elsewhere, and so will not send it; several, a line each. */
  readonly by: string;
  /** Where it lies, as far as all of them know. */
  readonly holders?: Holders;
}

export interface OpenRange extends OffsetRange, Declaration {}

/** Whether `peer` declared it, among others. */
export function isDeclaredBy({ by }: Pick<OpenRange, "by">, peer: string): boolean {
  return by === peer || by.split("\n").includes(peer);
}

/** Shared by the many logs that have none. */
const NONE: readonly never[] = [];

export class RangeSet {
  #watermark: Offset;
  #islands: readonly OffsetRange[] = NONE;
  #open: readonly OpenRange[] = NONE;

  constructor(
    watermark: Offset,
    islands: readonly OffsetRange[] = [],
    open: readonly OpenRange[] = [],
  ) {
    this.#watermark = watermark;
    for (const { from, to } of islands) this.add(from, to);
    if (open.length > 0) this.#open = joined(open);
  }

  /** Every offset below it is in the set, open, or below the first offset of its log. */
  get watermark(): Offset {
    return this.#watermark;
  }

  get islands(): readonly OffsetRange[] {
    return this.#islands;
  }

  /** What was passed and may still come; sorted and apart. */
  get open(): readonly OpenRange[] {
    return this.#open;
  }

  /** Every offset below it is in the set: the watermark, or the first open offset below that. */
  get contiguous(): Offset {
    return Math.min(this.#watermark, this.#open[0]?.from ?? this.#watermark);
  }

  /** Adds the offsets of [from, to); those already in it change nothing. */
  add(from: Offset, to: Offset): void {
    assert(from <= to, "a range does not run backwards");
    if (from === to) return;
    if (this.#open.length > 0) this.#open = this.#open.flatMap((each) => without(each, from, to));
    this.#pass(from, to);
  }

  /**
   * Passes what of [from, to) was neither in the set nor open, and adds the declaration to that of the
   * rest of what is open in it. Returns what that changes.
   */
  addOpen(from: Offset, to: Offset, declaration: Declaration): OffsetRange[] {
    const changed = this.#unpassed(from, to);
    for (const range of changed) this.#pass(range.from, range.to);
    const open = changed.map((range): OpenRange => ({ ...range, ...declaration }));
    for (const known of this.#open) {
      const part = { from: Math.max(from, known.from), to: Math.min(to, known.to) };
      const both = declaredByBoth(known, declaration);
      if (part.from >= part.to || areSame(known, both)) {
        open.push(known);
        continue;
      }
      open.push(...without(known, part.from, part.to), { ...part, ...both });
      changed.push(part);
    }
    this.#open = joined(open);
    return changed.sort((a, b) => a.from - b.from);
  }

  /** Whether all of [from, to) is in the set. */
  covers(from: Offset, to: Offset): boolean {
    return this.passed(from, to) && !this.#open.some((open) => open.from < to && from < open.to);
  }

  /** Whether all of [from, to) is in the set, or open. */
  passed(from: Offset, to: Offset): boolean {
    return to <= this.#watermark ||
      this.#islands.some((island) => island.from <= from && to <= island.to);
  }

  /** Whether any of [from, to) is in the set. */
  touches(from: Offset, to: Offset): boolean {
    let left = to - from;
    for (const range of this.lacking(from, to)) left -= range.to - range.from;
    return left > 0;
  }

  /** What of [from, to) is not in the set; what is open is not. */
  lacking(from: Offset, to: Offset): OffsetRange[] {
    const unpassed = this.#unpassed(from, to);
    if (this.#open.length === 0) return unpassed;
    const open = this.#open
      .map((each) => ({ from: Math.max(from, each.from), to: Math.min(to, each.to), by: "" }))
      .filter((each) => each.from < each.to);
    return joined([...unpassed.map((range) => ({ ...range, by: "" })), ...open])
      .map((range) => ({ from: range.from, to: range.to }));
  }

  /** Where the run that holds or ends at `offset` ends; `offset` itself where none does. */
  endFrom(offset: Offset): Offset {
    if (offset <= this.#watermark) return this.#watermark;
    return this.#islands.find(({ from, to }) => from <= offset && offset <= to)?.to ?? offset;
  }

  /** The open range that holds `offset`. */
  openAt(offset: Offset): OpenRange | undefined {
    return this.#open.find(({ from, to }) => from <= offset && offset < to);
  }

  copy(): RangeSet {
    return new RangeSet(this.#watermark, this.#islands, this.#open);
  }

  #pass(from: Offset, to: Offset): void {
    if (to <= this.#watermark) return;
    if (from > this.#watermark) return this.#addIsland(from, to);
    this.#watermark = to;
    // Sorted, so that each island reached may reach the next.
    for (const island of this.#islands) {
      if (island.from > this.#watermark) break;
      this.#watermark = Math.max(this.#watermark, island.to);
    }
    if (this.#islands.length > 0) {
      this.#islands = this.#islands.filter((island) => island.from > this.#watermark);
    }
  }

  #unpassed(from: Offset, to: Offset): OffsetRange[] {
    const unpassed: OffsetRange[] = [];
    let at = Math.max(from, this.#watermark);
    for (const island of this.#islands) {
      if (island.to <= at) continue;
      if (island.from >= to) break;
      if (island.from > at) unpassed.push({ from: at, to: island.from });
      at = island.to;
    }
    if (at < to) unpassed.push({ from: at, to });
    return unpassed;
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

function declaredByBoth(known: Declaration, { by, holders }: Declaration): Declaration {
  const both = bothHolders(known.holders, holders);
  return {
    by: isDeclaredBy(known, by) ? known.by : `${known.by}\n${by}`,
    ...(both && { holders: both }),
  };
}

function areSame(a: Declaration, b: Declaration): boolean {
  return a.by === b.by && areSameHolders(a.holders, b.holders);
}

/** What of an open range lies outside [from, to). */
function without(open: OpenRange, from: Offset, to: Offset): OpenRange[] {
  if (to <= open.from || open.to <= from) return [open];
  return [{ ...open, to: from }, { ...open, from: to }].filter((part) => part.from < part.to);
}

/** The same offsets, sorted, neighbours of one declarer joined. */
function joined(ranges: readonly OpenRange[]): OpenRange[] {
  const apart: OpenRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = apart.at(-1);
    if (last !== undefined && last.to === range.from && areSame(last, range)) {
      apart[apart.length - 1] = { ...last, to: range.to };
    } else {
      apart.push(range);
    }
  }
  return apart;
}
