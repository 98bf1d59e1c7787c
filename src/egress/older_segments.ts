/**
 * Passes over whole segments none of whose records is new enough, without reading them.
 *
 * @module
 */
import type { Offset, TimestampMs } from "../base/types.ts";
import type { PageGap } from "../protocol/http/fetch_body.ts";

/** What it needs of a PartitionLog. */
export interface SegmentedLog {
  readonly logStartOffset: Offset;
  readonly highWatermark: Offset;
  readonly gaps: readonly PageGap[];
  segments(): readonly {
    readonly baseOffset: Offset;
    readonly endOffset: Offset;
    readonly maxTimestamp: TimestampMs;
  }[];
}

export interface Passed {
  /** Where it is worth reading on. */
  readonly offset: Offset;
  /** Known damage on the way: when its records were made, nobody can tell any more. */
  readonly gaps: readonly PageGap[];
}

/** Where records of `since` or later may lie, from `offset` on. */
export function passOlder(log: SegmentedLog, offset: Offset, since: TimestampMs): Passed {
  let at = offset;
  for (const { baseOffset, endOffset, maxTimestamp } of log.segments()) {
    if (endOffset <= at) continue;
    // What lies between two segments is lost, and told by a read.
    if (baseOffset > at || maxTimestamp >= since) break;
    at = Math.min(endOffset, log.highWatermark);
  }
  const gaps = at === offset ? [] : log.gaps
    .filter(({ from, to }) => from < at && to > offset)
    .map((gap) => ({ ...gap, from: Math.max(gap.from, offset), to: Math.min(gap.to, at) }));
  return { offset: at, gaps };
}
