/**
 * What the pull side is handed: by the roof in a node, by a test in a test.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import type { Clock, Timers } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import type { LogId, NodeId, Offset, TimestampMs } from "../../base/types.ts";
import type { Inflate } from "../../format/codec.ts";
import type { Compress } from "../../protocol/http/content_coding.ts";
import type { Store } from "../../store/store.ts";
import type { ScanTurns } from "../scan_turns.ts";
import type { SharedPages } from "../shared_pages.ts";
import type { PrometheusMetrics } from "./metrics.ts";
import type { PageBody } from "./page_response.ts";

export type Scope = "produce" | "consume" | "admin" | "replicate";

/** Makes the middleware that lets a request with that scope pass, or refuses it. */
export type Authorize = (scope: Scope) => MiddlewareHandler;

/** What reading needs of a Store. */
export type EgressStore = Pick<
  Store,
  | "commits"
  | "core"
  | "endOf"
  | "forwarded"
  | "hasUpstream"
  | "ledger"
  | "logs"
  | "nodeId"
  | "observeTopics"
  | "ranges"
  | "refusalOf"
  | "space"
  | "topic"
  | "topics"
>;

/** What the replication receiver heard in this run of those that send to it. */
export interface Heard {
  /** Where a log ends at its sender, exclusive; null where nobody said so. */
  readonly endOf: (logId: LogId) => Offset | null;
  /** When each peer (the name of its credential, or its node id) was heard of last. */
  readonly lastSeen: () => ReadonlyMap<string, TimestampMs>;
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
  readonly timers: Timers;
  readonly inflate: Inflate;
  /** Left out: no page is packed for its reader. */
  readonly compress?: Compress;
  readonly logger: Logger;
  readonly metrics: PrometheusMetrics;
  readonly authorize: Authorize;
  readonly nodeName: string;
  readonly ready: () => Readiness;
  readonly heard?: Heard;
  /** Node ids that two live processes share. */
  readonly clones?: () => readonly Clone[];
  /** Aborted when the node stops: whoever waits for records is answered at once. */
  readonly stopping?: AbortSignal;
  /** Where a request came from, as "host:port". */
  readonly addressOf?: (request: Request) => string | null;
  /** Cuts off connections from there: their clients take nothing. */
  readonly cut?: (addresses: readonly string[]) => void;
  /** Told of each bug, after it was logged. */
  readonly onBug?: (error: unknown) => void;
}

/** The same for reads of records, which share what one node has of it. */
export interface PullOptions extends EgressOptions {
  readonly turns: ScanTurns;
  readonly pages: SharedPages<PageBody>;
}
