/**
 * How many offsets of this node's own logs the records of other nodes took, where both stand in one
 * partition: no own record ever stood there. A count per log, as of the recovery point; of what lies
 * past that the ranges, since recovery reads it again.
 *
 * @module
 */
import type { LogId, Offset, OffsetRange } from "../base/types.ts";
import type { OwnLogRow } from "./catalogue.ts";
import { within } from "./ledger_entry.ts";

/** An own log, by where it begins; the next one begins where it ends. */
type Run = Pick<OwnLogRow, "logId" | "firstOffset">;

interface Partition {
  /** What lies below it is counted. */
  countedTo: Offset;
  /** What was taken above that, in order, neighbours joined. */
  tail: OffsetRange[];
}

export class TakenOffsets {
  readonly #counts = new Map<LogId, number>();
  readonly #partitions = new Map<string, Partition>();

  /** A checkpoint knew of so many. */
  restore(logId: LogId, taken: number): void {
    if (taken > 0) this.#counts.set(logId, taken);
  }

  /** Recovery reads a partition: what is counted of it ends there. */
  countFrom(directory: string, offset: Offset): void {
    this.#partitions.set(directory, { countedTo: offset, tail: [] });
  }

  /** Records of another node stand at [from, to). */
  took(directory: string, { from, to }: OffsetRange): void {
    const { countedTo, tail } = this.#at(directory);
    if (from < countedTo) return;
    const last = tail.at(-1);
    if (last?.to === from) tail[tail.length - 1] = { from: last.from, to };
    else tail.push({ from, to });
  }

  /** Counts what lies below the recovery point of the checkpoint being taken. */
  count(directory: string, runs: readonly Run[], recoveryPoint: Offset): void {
    const partition = this.#at(directory);
    const counted = within({ from: 0, to: recoveryPoint }, partition.tail);
    for (const [at, { logId }] of runs.entries()) {
      const taken = overlap(counted, runs, at);
      if (taken > 0) this.#counts.set(logId, (this.#counts.get(logId) ?? 0) + taken);
    }
    partition.tail = within({ from: recoveryPoint, to: Infinity }, partition.tail);
    partition.countedTo = recoveryPoint;
  }

  /** As of the last recovery point. */
  counted(logId: LogId): number {
    return this.#counts.get(logId) ?? 0;
  }

  /** Up to now, of the run at that place in its chain. */
  of(directory: string, runs: readonly Run[], at: number): number {
    const tail = this.#partitions.get(directory)?.tail ?? [];
    return this.counted(runs[at]!.logId) + overlap(tail, runs, at);
  }

  forget(logId: LogId): void {
    this.#counts.delete(logId);
  }

  #at(directory: string): Partition {
    const known = this.#partitions.get(directory) ?? { countedTo: 0, tail: [] };
    this.#partitions.set(directory, known);
    return known;
  }
}

function overlap(ranges: readonly OffsetRange[], runs: readonly Run[], at: number): number {
  const [first, end] = [runs[at]!.firstOffset, runs[at + 1]?.firstOffset ?? Infinity];
  return ranges.reduce(
    (sum, { from, to }) => sum + Math.max(0, Math.min(to, end) - Math.max(from, first)),
    0,
  );
}
