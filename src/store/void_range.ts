/**
 * Offsets of another node's log that a lane passed without a record, as the ledger's journal keeps
 * them until both checkpoints hold them:
 *
 *     [log_id, from, to]               the offsets never held records
 *     [log_id, from, to, "late"]       they did not, or there is an entry for them; in the order of
 *                                      source they count from the next checkpoint on
 *     [log_id, from, to, "open", by]   they lie elsewhere, says the peer `by`, and may still come
 *
 * @module
 */
import type { LogId, OffsetRange } from "../base/types.ts";

export interface VoidRange extends OffsetRange {
  readonly logId: LogId;
  readonly kind?: "late" | "open" | undefined;
  readonly by?: string | undefined;
}

export type VoidRow = readonly [
  logId: LogId,
  from: number,
  to: number,
  kind?: "late" | "open",
  by?: string,
];

export function encodeVoidRange({ logId, from, to, kind, by }: VoidRange): VoidRow {
  if (kind === undefined) return [logId, from, to];
  return by === undefined ? [logId, from, to, kind] : [logId, from, to, kind, by];
}

export function decodeVoidRange([logId, from, to, kind, by]: VoidRow): VoidRange {
  const range = { logId, from, to };
  if (kind === undefined) return range;
  return by === undefined ? { ...range, kind } : { ...range, kind, by };
}
