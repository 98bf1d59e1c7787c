/**
 * What the pull side is handed: by the roof in a node, by a test in a test.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import type { NodeId, TimestampMs, TopicName } from "../../base/types.ts";
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
  | "refusalOf"
  | "space"
  | "topic"
  | "topics"
>;

/** A partition of another node, whose records come one after the other. */
export interface Lane {
  /** The name of its credential, or its node id. */
  readonly peer: string;
  readonly topic: TopicName;
  readonly partition: number;
}

/** What a gateway said of a lane, and when it was heard of last. */
export interface LaneReport {
  readonly pendingRecords: number;
  readonly lastSeenMs: TimestampMs;
}

export interface Readiness {
  readonly ready: boolean;
  /** What is waited for, or what is wrong, in words. */
  readonly reason?: string;
  /** Why the upstream cannot be replicated to until somebody helps: an error code. */
  readonly upstream?: string;
}

/** A node id that two live processes share. */
export interface Clone {
  readonly nodeId: NodeId;
  readonly runs: readonly {
    readonly nodeName: string;
    readonly address: string | null;
    readonly peer: string;
    readonly lastSeenMs: TimestampMs;
  }[];
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
  /** What the replication receiver heard of a lane; null where it heard nothing in this run. */
  readonly reportedOf?: (lane: Lane) => LaneReport | null;
  /** Node ids that two live processes share. */
  readonly clones?: () => readonly Clone[];
  /** Aborted when the node stops: whoever waits for records is answered at once. */
  readonly stopping?: AbortSignal;
  /** Told of each bug, after it was logged. */
  readonly onBug?: (error: unknown) => void;
}
