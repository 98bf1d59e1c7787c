/**
 * How many offsets of a log never held a record of it: where its origin publishes into a partition
 * that takes logs of other nodes too, those take offsets of it. They are counted, not listed, or
 * there would be a range for every batch: once per run of what is here. What is told of a log ends
 * with such a run, so the count below it is exact.
 *
 * @module
 */
import type { Offset, OffsetRange } from "../base/types.ts";
import type { RangeSet } from "./range_set.ts";

/** A run of offsets that are here, or lost, and how many of them are void. */
export interface VoidRun extends OffsetRange {
  readonly voids: number;
}

export class VoidRuns {
  /** Sorted and apart. */
  #runs: VoidRun[];

  constructor(runs: readonly VoidRun[]) {
    this.#runs = [...runs];
  }

  /** Of a log whose offsets all held records so far. */
  static of(firstOffset: Offset, set: RangeSet): VoidRuns {
    const highest = set.islands.at(-1)?.to ?? set.watermark;
    const runs: VoidRun[] = [];
    let from = firstOffset;
    for (const hole of set.lacking(firstOffset, highest)) {
      if (from < hole.from) runs.push({ from, to: hole.from, voids: 0 });
      from = hole.to;
    }
    if (from < highest) runs.push({ from, to: highest, voids: 0 });
    return new VoidRuns(runs);
  }

  get all(): readonly VoidRun[] {
    return this.#runs;
  }

  get total(): number {
    return this.#runs.reduce((sum, { voids }) => sum + voids, 0);
  }

  /** Void offsets in the runs that end at or below `offset`. */
  below(offset: Offset): number {
    return this.#runs.reduce((sum, { to, voids }) => to <= offset ? sum + voids : sum, 0);
  }

  /** [from, to) was not here, and counts from now on. */
  add(from: Offset, to: Offset, isVoid: boolean): void {
    let run: VoidRun = { from, to, voids: isVoid ? to - from : 0 };
    const last = this.#runs.at(-1);
    // A lane goes on where it ended.
    if (last !== undefined && last.to === from) {
      this.#runs[this.#runs.length - 1] = { ...last, to, voids: last.voids + run.voids };
      return;
    }
    const apart: VoidRun[] = [];
    for (const other of this.#runs) {
      if (other.to < run.from || other.from > run.to) {
        apart.push(other);
      } else {
        run = {
          from: Math.min(run.from, other.from),
          to: Math.max(run.to, other.to),
          voids: run.voids + other.voids,
        };
      }
    }
    this.#runs = [...apart, run].sort((a, b) => a.from - b.from);
  }
}
