/**
 * How far each log that replicates here lags. Where a log ends its successor says, or else its sender,
 * with all it sends. Bytes and seconds are estimates: from the size of the records that are here, and
 * from the newest of them.
 *
 * @module
 */
import type { LogId, Offset, OffsetRange, TimestampMs } from "../../base/types.ts";
import type { PartitionLog } from "../../store/partition_log.ts";
import type { ReceivedLog } from "../../store/received_ranges.ts";
import type { EgressOptions } from "./options.ts";

export interface LogLag {
  /** Exclusive, in the log's own offsets. */
  readonly logEndOffset: Offset | null;
  /** Still to come, and what lies elsewhere among them. */
  readonly records: number | null;
  /** Still to come from those that send the log here. */
  readonly toCome: number;
  readonly bytes: number | null;
  readonly seconds: number | null;
  readonly lastSeenMs: number | null;
}

export type LagOptions = Pick<EgressOptions, "store" | "clock" | "heard">;

/** The lag of every log, by log id. */
export function lagsOf({ store, clock, heard }: LagOptions): ReadonlyMap<LogId, LogLag> {
  const logs = [...store.ranges.all()];
  const ends = new Map<LogId, Offset>();
  for (const { predecessor, predecessorEnd } of logs) {
    if (predecessor !== null) ends.set(predecessor, predecessorEnd);
  }
  const lastSeen = heard?.lastSeen() ?? new Map<string, TimestampMs>();
  return new Map(logs.map((log) => {
    const end = ends.get(log.logId) ?? heard?.endOf(log.logId) ?? null;
    const toCome = end === null ? 0 : lackingBelow(log, end);
    const records = end === null ? null : toCome + sumOf(log.elsewhere);
    return [log.logId, {
      logEndOffset: end && Math.max(end, log.islands.at(-1)?.to ?? log.watermark),
      records,
      toCome,
      ...estimate(store.topic(log.target.topic)?.partitions[log.target.partition], {
        records,
        nowMs: clock.wallMs(),
      }),
      lastSeenMs: newestOf(log.paths.map((peer) => lastSeen.get(peer))),
    }];
  }));
}

/** Offsets of the log that are here, or known to be lost. */
export function receivedOf(log: ReceivedLog): number {
  const { firstOffset, watermark, islands } = log;
  return watermark - firstOffset + sumOf(islands) - sumOf(log.elsewhere);
}

function sumOf(ranges: readonly OffsetRange[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from, 0);
}

/** By whatever path. */
function newestOf(times: readonly (TimestampMs | undefined)[]): TimestampMs | null {
  let newest: TimestampMs | null = null;
  for (const time of times) if (time !== undefined) newest = Math.max(newest ?? time, time);
  return newest;
}

/** Offsets below `end` that neither came nor were said to come never. */
function lackingBelow({ firstOffset, watermark, islands }: ReceivedLog, end: Offset): number {
  let lacking = end - Math.max(firstOffset, watermark);
  for (const { from, to } of islands) {
    lacking -= Math.max(0, Math.min(to, end) - from);
  }
  return Math.max(0, lacking);
}

function estimate(
  target: PartitionLog | undefined,
  { records, nowMs }: { readonly records: number | null; readonly nowMs: number },
): { readonly bytes: number | null; readonly seconds: number | null } {
  if (records === null || records === 0) return { bytes: records, seconds: records };
  const held = target === undefined ? 0 : target.highWatermark - target.logStartOffset;
  if (target === undefined || held === 0) return { bytes: null, seconds: null };
  const newestMs = target.segments().reduce(
    (max, { maxTimestamp }) => Math.max(max, maxTimestamp),
    0,
  );
  return {
    bytes: Math.round(records * target.bytes / held),
    seconds: Math.max(0, nowMs - newestMs) / 1000,
  };
}
