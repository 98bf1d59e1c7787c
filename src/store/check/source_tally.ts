/**
 * Which source offsets were seen of each log, and which of them twice. Ranges, not records: what it
 * takes grows with the holes in a log, not with its length.
 *
 * @module
 */
import type { LogId, Offset, OffsetRange } from "../../base/types.ts";
import { RangeSet } from "../range_set.ts";

/** Ranges seen twice that are told one by one. */
const DOUBLED_MAX = 1_000;

export interface LogTally {
  readonly seen: RangeSet;
  readonly doubled: OffsetRange[];
  records: number;
  recordsDoubled: number;
}

export class SourceTally {
  readonly #logs = new Map<LogId, LogTally>();

  add(logId: LogId, from: Offset, to: Offset): void {
    const log = this.#logs.get(logId) ??
      { seen: new RangeSet(0), doubled: [], records: 0, recordsDoubled: 0 };
    this.#logs.set(logId, log);
    const fresh = log.seen.lacking(from, to).reduce((sum, part) => sum + part.to - part.from, 0);
    log.seen.add(from, to);
    log.records += fresh;
    const twice = to - from - fresh;
    if (twice === 0) return;
    log.recordsDoubled += twice;
    if (log.doubled.length < DOUBLED_MAX) log.doubled.push({ from, to });
  }

  get(logId: LogId): LogTally | undefined {
    return this.#logs.get(logId);
  }

  all(): Iterable<readonly [LogId, LogTally]> {
    return this.#logs;
  }
}
