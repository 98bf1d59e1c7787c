/**
 * GET /v1/gateways: each log that replicates here, how far it has come, and how far it lags.
 *
 * @module
 */
import { LISTED_LOGS_MAX } from "../../base/limits.ts";
import { Query } from "../../protocol/http/query.ts";
import type { ReceivedLog } from "../../store/received_ranges.ts";
import { lagsOf, type LogLag } from "./gateway_lag.ts";
import type { Clone, EgressOptions } from "./options.ts";

const PARAMETERS = ["gateway", "topic", "closed"];

/** Logs that ended and have come whole are left out unless `closed=true`. */
export function listGateways(options: EgressOptions, request: Request): unknown {
  const query = new Query(request.url, PARAMETERS);
  const gateway = query.text("gateway");
  const topic = query.text("topic");
  const closed = query.flag("closed");
  const lags = lagsOf(options);
  const clones = options.clones?.() ?? [];
  const shared = new Set(clones.flatMap(({ runs }) => runs.map(({ peer }) => peer)));
  const logs: unknown[] = [];
  let omitted = 0;
  for (const log of options.store.ranges.all()) {
    if (log.closed && !closed) continue;
    if (gateway !== undefined && log.gateway !== gateway) continue;
    if (topic !== undefined && log.source.topic !== topic) continue;
    if (logs.length < LISTED_LOGS_MAX) {
      const cloned = log.paths.some((peer) => shared.has(peer));
      logs.push(logDocument(log, lags.get(log.logId)!, cloned));
    } else omitted++;
  }
  return { gateways: logs, omitted, clones: clones.map(cloneDocument) };
}

function cloneDocument({ nodeId, runs }: Clone): unknown {
  return {
    node_id: nodeId,
    nodes: runs.map(({ nodeName, address, peer, lastSeenMs }) => ({
      ...{ node_name: nodeName, address, peer, last_seen: lastSeenMs },
    })),
  };
}

function logDocument(log: ReceivedLog, lag: LogLag, cloned: boolean): unknown {
  return {
    gateway: log.gateway,
    peer: log.peer,
    paths: log.paths,
    cloned,
    log_id: log.logId,
    topic: log.source.topic,
    partition: log.source.partition,
    target: log.target,
    first_offset: log.firstOffset,
    watermark: log.watermark,
    islands: log.islands,
    elsewhere: log.elsewhere.map(({ from, to }) => ({ from, to })),
    lost: log.lost,
    voids: log.voids.all,
    predecessor: log.predecessor,
    closed: log.closed,
    log_end_offset: lag.logEndOffset,
    lag_records: lag.records,
    lag_bytes: lag.bytes,
    lag_seconds: lag.seconds,
    last_seen: lag.lastSeenMs,
  };
}
