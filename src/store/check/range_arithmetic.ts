/**
 * Sets of offsets as sorted ranges that lie apart, and what is in one and not in another. Pure.
 *
 * @module
 */
import type { OffsetRange } from "../../base/types.ts";
import type { RangeSet } from "../range_set.ts";

export type Ranges = readonly OffsetRange[];

/** Sorted and joined, whatever their order and however they overlap. */
export function rangesOf(ranges: Iterable<OffsetRange>): Ranges {
  const sorted = [...ranges].filter(({ from, to }) => from < to).sort((a, b) => a.from - b.from);
  const joined: OffsetRange[] = [];
  for (const { from, to } of sorted) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last.to) {
      joined[joined.length - 1] = { from: last.from, to: Math.max(last.to, to) };
    } else {
      joined.push({ from, to });
    }
  }
  return joined;
}

/** All offsets of a set, from 0 on. */
export function rangesOfSet({ watermark, islands }: RangeSet): Ranges {
  return rangesOf([{ from: 0, to: watermark }, ...islands]);
}

export function minus(ranges: Ranges, others: Ranges): Ranges {
  const left: OffsetRange[] = [];
  let at = 0;
  for (const { from, to } of ranges) {
    let start = from;
    while (at < others.length && others[at]!.to <= from) at++;
    for (let next = at; next < others.length && others[next]!.from < to; next++) {
      const other = others[next]!;
      if (other.from > start) left.push({ from: start, to: other.from });
      start = Math.max(start, other.to);
    }
    if (start < to) left.push({ from: start, to });
  }
  return left;
}

export function within(ranges: Ranges, others: Ranges): Ranges {
  return minus(ranges, minus(ranges, others));
}

export function union(...all: readonly Ranges[]): Ranges {
  return rangesOf(all.flat());
}

/** Offsets in all of them. */
export function countOf(ranges: Ranges): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from, 0);
}
