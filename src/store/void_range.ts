/**
 * Offsets of another node's log that a lane passed without a record, as the ledger's journal keeps
 * them until both checkpoints hold them:
 *
 *     [log_id, from, to]               the offsets never held records
 *     [log_id, from, to, "late"]       they did not, or there is an entry for them; in the order of
 *                                      source they count from the next checkpoint on
 *     [log_id, from, to, "open", by, holders?]
 *                                      they lie elsewhere, says the peer `by`, and may still come;
 *                                      at these nodes, where it knows
 *
 * @module
 */
import type { LogId, NodeId, OffsetRange } from "../base/types.ts";
import type { Holders } from "./holders.ts";

export interface VoidRange extends OffsetRange {
  readonly logId: LogId;
  readonly kind?: "late" | "open" | undefined;
  readonly by?: string | undefined;
  readonly holders?: Holders;
}

export type VoidRow = readonly [
  logId: LogId,
  from: number,
  to: number,
  kind?: "late" | "open",
  by?: string,
  holders?: readonly NodeId[],
];

export function encodeVoidRange({ logId, from, to, kind, by, holders }: VoidRange): VoidRow {
  if (kind === undefined) return [logId, from, to];
  if (by === undefined) return [logId, from, to, kind];
  return holders === undefined ? [logId, from, to, kind, by] : [logId, from, to, kind, by, holders];
}

export function decodeVoidRange([logId, from, to, kind, by, holders]: VoidRow): VoidRange {
  const range = { logId, from, to };
  if (kind === undefined) return range;
  if (by === undefined) return { ...range, kind };
  return { ...range, kind, by, ...(holders && { holders }) };
}
