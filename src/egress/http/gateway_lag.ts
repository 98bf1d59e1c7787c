/**
 * How far each log that replicates here lags. What a gateway says is how many records of a lane are
 * still to come; where a successor was announced, the end of a log is known exactly. Bytes and
 * seconds are estimates: from the size of the records that are here, and from the newest of them.
 *
 * @module
 */
import type { LogId, Offset, OffsetRange } from "../../base/types.ts";
import type { PartitionLog } from "../../store/partition_log.ts";
import type { ReceivedLog } from "../../store/received_ranges.ts";
import type { EgressOptions, Lane, LaneReport } from "./options.ts";

export interface LogLag {
  /** Exclusive, in the log's own offsets. */
  readonly logEndOffset: Offset | null;
  readonly records: number | null;
  readonly bytes: number | null;
  readonly seconds: number | null;
  readonly lastSeenMs: number | null;
}

export type LagOptions = Pick<EgressOptions, "store" | "clock" | "reportedOf">;

/** The lag of every log, by log id. */
export function lagsOf({ store, clock, reportedOf }: LagOptions): ReadonlyMap<LogId, LogLag> {
  const logs = [...store.ranges.all()];
  const ends = new Map<LogId, Offset>();
  for (const { predecessor, predecessorEnd } of logs) {
    if (predecessor !== null) ends.set(predecessor, predecessorEnd);
  }
  const lanes = new Map<string, LaneReport | null>();
  const laneOf = ({ paths, source }: ReceivedLog) =>
    `${paths.join(" ")} ${source.topic}/${source.partition}`;
  // What earlier logs of a lane still owe is part of what the gateway said of the lane.
  const owed = new Map<string, number>();
  for (const log of logs) {
    const lane = laneOf(log);
    if (!lanes.has(lane)) lanes.set(lane, newestOf(lanesOf(log).map((one) => reportedOf?.(one))));
    const end = ends.get(log.logId);
    if (end !== undefined) owed.set(lane, (owed.get(lane) ?? 0) + owedBelow(log, end));
  }
  return new Map(logs.map((log) => {
    const lane = laneOf(log);
    const report = lanes.get(lane) ?? null;
    const end = ends.get(log.logId);
    const records = end !== undefined
      ? missingBelow(log, end)
      : report && Math.max(0, report.pendingRecords - (owed.get(lane) ?? 0)) + sumOf(log.elsewhere);
    return [log.logId, {
      logEndOffset: end ?? (records === null ? null : log.firstOffset + receivedOf(log) + records),
      records,
      ...estimate(store.topic(log.target.topic)?.partitions[log.target.partition], {
        records,
        nowMs: clock.wallMs(),
      }),
      lastSeenMs: report?.lastSeenMs ?? null,
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

/** By every path it came; the peer it comes by now is the one heard of last. */
function lanesOf({ paths, source: { topic, partition } }: ReceivedLog): Lane[] {
  return paths.map((peer) => ({ peer, topic, partition }));
}

function newestOf(reports: readonly (LaneReport | null | undefined)[]): LaneReport | null {
  let newest: LaneReport | null = null;
  for (const report of reports) {
    if (report && (newest === null || report.lastSeenMs > newest.lastSeenMs)) newest = report;
  }
  return newest;
}

/** What lies elsewhere comes by another lane. */
function owedBelow(log: ReceivedLog, end: Offset): number {
  return Math.max(0, missingBelow(log, end) - sumOf(log.elsewhere));
}

function missingBelow(log: ReceivedLog, end: Offset): number {
  return Math.max(0, end - log.firstOffset - receivedOf(log));
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
