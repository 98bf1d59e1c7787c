/**
 * Which run of a gateway must be whole before another one may begin. Pure. Its predecessor is, as a
 * rule; a run without a single offset is whole from the start and says nothing of what lies before
 * it, and the receiver looks behind it:
 *
 *     run       0-105 evicted   105-105 empty   105-237
 *     waits for       └──────────────────────────────┘
 *
 * @module
 */
import type { LogId, Offset } from "../base/types.ts";
import { EMPTY_RUNS_MAX } from "../store/source_order.ts";
import type { LogCursor } from "./log_cursor.ts";

export interface RunBefore {
  readonly cursor: LogCursor;
  /** Where it ends, exclusive: there it is whole. */
  readonly end: Offset;
}

/** The run before a log's in which something was, as far as it is known. */
export function runBefore(
  cursor: LogCursor,
  find: (logId: LogId) => LogCursor | undefined,
): RunBefore | null {
  let at = cursor;
  for (let steps = 0; steps < EMPTY_RUNS_MAX; steps++) {
    const { predecessor, predecessorEnd: end } = at.announcement;
    const before = predecessor === null ? undefined : find(predecessor);
    if (before === undefined) return null;
    if (end > before.announcement.firstOffset) return { cursor: before, end };
    at = before;
  }
  return null;
}

/** Whether all of it is held or under way, so that what follows may go. */
export function isWhole({ cursor, end }: RunBefore): boolean {
  return cursor.sent >= end;
}
