/**
 * Which batches of a log a lane may bring. Pure: it looks at what was received so far.
 *
 *     strict, backlog   the batch at the watermark
 *     live              that one; or one that begins at an opening the request declared, where that
 *                       makes an island; or the one that goes on where such an island ends
 *     any of them       the next one of a range that was left open (range_set.ts), or one at an
 *                       opening within it
 *
 * @module
 */
import { OperatingError } from "../base/errors.ts";
import { ISLANDS_MAX, OPEN_RANGES_MAX, SPLICES_MAX } from "../base/limits.ts";
import type { LogId, Offset, OffsetRange } from "../base/types.ts";
import type { RangeSet } from "./range_set.ts";

/** Where the lane may begin islands of the log; null where it may not: it is strict, or backlog. */
export type Openings = readonly Offset[] | null;

/** What counts against a log's bound of islands. */
export interface LaneStanding {
  readonly logId: LogId;
  readonly set: RangeSet;
  /** Pieces received out of order, those on their way counted. */
  readonly runs: number;
  /** Pieces that were, and whose place readers still have to know. */
  readonly splices: number;
}

/**
 * What to do with the batch [from, to).
 *
 * @throws {OperatingError} lane_out_of_order, with the log and the offset expected; quota_exceeded
 *         for one island too many, with the offset at which the lane can go on; batch_rejected
 */
export function judgeBatch(
  standing: LaneStanding,
  { from, to }: OffsetRange,
  openings: Openings,
): "append" | "duplicate" {
  const { logId, set } = standing;
  if (set.covers(from, to)) return "duplicate";
  if (set.touches(from, to)) {
    throw new OperatingError(
      "batch_rejected",
      `Cannot take offsets ${from} to ${to} of log ${logId}: a part of them is here already`,
      { log_id: logId, from, to },
    );
  }
  const expected = expectedAt(set, from, openings);
  if (from !== expected) throw outOfOrder(logId, expected);
  checkIslands(standing, from);
  if ((set.openAt(from)?.from ?? from) < from) checkOpen(logId, set.open.length + 1);
  return "append";
}

/**
 * Whether the lane may say now that [from, to) will not come.
 *
 * @throws {OperatingError} as {@linkcode judgeBatch} does
 */
export function checkSkip(
  standing: LaneStanding,
  { from, to }: OffsetRange,
  openings: Openings,
): void {
  const { logId, set } = standing;
  if (from <= set.watermark || set.passed(from, to)) return;
  const expected = expectedAt(set, from, openings);
  if (from > expected) throw outOfOrder(logId, expected);
  checkIslands(standing, from);
}

/** @throws {OperatingError} quota_exceeded where that many ranges are too many to leave open */
export function checkOpen(logId: LogId, ranges: number): void {
  if (ranges <= OPEN_RANGES_MAX) return;
  throw new OperatingError(
    "quota_exceeded",
    `Cannot leave more of log ${logId} open: ${OPEN_RANGES_MAX} ranges are, the limit`,
    { log_id: logId, limit: OPEN_RANGES_MAX },
  );
}

export function outOfOrder(logId: LogId, expected: Offset): OperatingError {
  return new OperatingError(
    "lane_out_of_order",
    `Cannot take a batch of log ${logId}: offset ${expected} comes next`,
    { log_id: logId, expected },
  );
}

/** The offset a batch would have to begin at, for the lane that brought one at `from`. */
function expectedAt(set: RangeSet, from: Offset, openings: Openings): Offset {
  const open = set.openAt(from);
  // Of what another node was to bring, its sender may hold the later part only.
  if (open !== undefined) return openings?.includes(from) ? from : open.from;
  let opening = -1;
  for (const offset of openings ?? []) if (offset <= from) opening = Math.max(opening, offset);
  return opening < 0 ? set.watermark : set.endFrom(opening);
}

function checkIslands({ logId, set, runs, splices }: LaneStanding, from: Offset): void {
  const few = Math.max(runs, set.islands.length) < ISLANDS_MAX;
  if (few && splices < SPLICES_MAX || !beginsIsland(set, from)) return;
  const limit = few ? SPLICES_MAX : ISLANDS_MAX;
  throw new OperatingError(
    "quota_exceeded",
    `Cannot begin another island of log ${logId} at ${from}: it has ${limit}, the limit`,
    { log_id: logId, limit, expected: lastEndBelow(set, from) },
  );
}

/** Whether nothing that was received ends at `from`. */
export function beginsIsland(set: RangeSet, from: Offset): boolean {
  return from > set.watermark && !set.islands.some(({ to }) => to === from);
}

function lastEndBelow(set: RangeSet, from: Offset): Offset {
  return set.islands.findLast(({ to }) => to <= from)?.to ?? set.watermark;
}
