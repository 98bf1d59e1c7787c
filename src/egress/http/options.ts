/**
 * What the pull side is handed: by the roof in a node, by a test in a test.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import type { LogId, TimestampMs } from "../../base/types.ts";
import type { Inflate } from "../../format/codec.ts";
import type { Store } from "../../store/store.ts";
import type { PrometheusMetrics } from "./metrics.ts";

export type Scope = "produce" | "consume" | "admin" | "replicate";

/** Makes the middleware that lets a request with that scope pass, or refuses it. */
export type Authorize = (scope: Scope) => MiddlewareHandler;

/** What reading needs of a Store. */
export type EgressStore = Pick<
  Store,
  | "core"
  | "forwarded"
  | "hasUpstream"
  | "ledger"
  | "logs"
  | "nodeId"
  | "ranges"
  | "topic"
  | "topics"
>;

/** What a gateway said of a log that replicates here, and when. */
export interface ReportedLog {
  /** Exclusive, in the log's own offsets; null where it was not said. */
  readonly logEndOffset: number | null;
  readonly lagBytes: number | null;
  readonly lagMs: number | null;
  readonly lastSeenMs: TimestampMs;
}

export interface Readiness {
  readonly ready: boolean;
  /** What is waited for, or what is wrong, in words. */
  readonly reason?: string;
}

export interface EgressOptions {
  readonly store: EgressStore;
  readonly clock: Clock;
  readonly inflate: Inflate;
  readonly logger: Logger;
  readonly metrics: PrometheusMetrics;
  readonly authorize: Authorize;
  readonly nodeName: string;
  readonly ready: () => Readiness;
  /** What the replication receiver heard of a log; null where it heard nothing in this run. */
  readonly reportedOf?: (logId: LogId) => ReportedLog | null;
  /** Aborted when the node stops: whoever waits for records is answered at once. */
  readonly stopping?: AbortSignal;
  /** Told of each bug, after it was logged. */
  readonly onBug?: (error: unknown) => void;
}
