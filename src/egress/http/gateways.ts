/**
 * GET /v1/gateways: each log that replicates here, how far it has come, and how far it lags.
 *
 * @module
 */
import { LISTED_LOGS_MAX } from "../../base/limits.ts";
import { Query } from "../../protocol/http/query.ts";
import type { ReceivedLog } from "../../store/received_ranges.ts";
import type { EgressOptions, ReportedLog } from "./options.ts";

const PARAMETERS = ["gateway", "topic", "closed"];

/** Logs that ended and have come whole are left out unless `closed=true`. */
export function listGateways({ store, reportedOf }: EgressOptions, request: Request): unknown {
  const query = new Query(request.url, PARAMETERS);
  const gateway = query.text("gateway");
  const topic = query.text("topic");
  const closed = query.flag("closed");
  const logs: unknown[] = [];
  let omitted = 0;
  for (const log of store.ranges.all()) {
    if (log.closed && !closed) continue;
    if (gateway !== undefined && log.gateway !== gateway) continue;
    if (topic !== undefined && log.source.topic !== topic) continue;
    if (logs.length < LISTED_LOGS_MAX) logs.push(logDocument(log, reportedOf?.(log.logId) ?? null));
    else omitted++;
  }
  return { gateways: logs, omitted };
}

function logDocument(log: ReceivedLog, reported: ReportedLog | null): unknown {
  const logEndOffset = reported?.logEndOffset ?? null;
  const lagMs = reported?.lagMs ?? null;
  return {
    gateway: log.gateway,
    node_id: log.peer,
    log_id: log.logId,
    topic: log.source.topic,
    partition: log.source.partition,
    target: log.target,
    first_offset: log.firstOffset,
    watermark: log.watermark,
    islands: log.islands,
    lost: log.lost,
    predecessor: log.predecessor,
    closed: log.closed,
    log_end_offset: logEndOffset,
    lag_records: logEndOffset === null ? null : lagOf(log, logEndOffset),
    lag_bytes: reported?.lagBytes ?? null,
    lag_seconds: lagMs === null ? null : lagMs / 1000,
    last_seen: reported?.lastSeenMs ?? null,
  };
}

/** Offsets below the end that are not here. */
export function lagOf({ watermark, islands }: ReceivedLog, logEndOffset: number): number {
  const above = islands.reduce((sum, { from, to }) => sum + to - from, 0);
  return Math.max(0, logEndOffset - watermark - above);
}
