/**
 * What a forwarder is handed, and what it tells.
 *
 * @module
 */
import type { Clock, Timers } from "../base/clock.ts";
import type { ErrorCode } from "../base/errors.ts";
import {
  REPLICATION_LINGER_MS,
  REPLICATION_PROBE_MS,
  REPLICATION_REFUSED_RETRY_MS,
} from "../base/link_limits.ts";
import type { Logger } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import type { HttpClient } from "../base/net.ts";
import type { Random } from "../base/random.ts";
import type { Store } from "../store/store.ts";
import { BACKOFF, type BackoffSettings } from "./backoff.ts";
import type { LinkBudget } from "./budget/link_budget.ts";
import type { Compress } from "./budget/zstd_wrap.ts";
import { PACE, type PaceSettings } from "./pace.ts";
import type { ForwardedStore } from "./store_books.ts";

export interface ForwarderSettings {
  readonly pace: PaceSettings;
  readonly backoff: BackoffSettings;
  /** How long a request that is not full waits for company. */
  readonly lingerMs: number;
  /** When a lane the receiver refused for good is offered again. */
  readonly refusedRetryMs: number;
  /** A link that was silent for so long is tried, though there is nothing to send. */
  readonly probeMs: number;
}

export const FORWARDER_DEFAULTS: ForwarderSettings = {
  pace: PACE,
  backoff: BACKOFF,
  lingerMs: REPLICATION_LINGER_MS,
  refusedRetryMs: REPLICATION_REFUSED_RETRY_MS,
  probeMs: REPLICATION_PROBE_MS,
};

export interface ForwarderOptions {
  readonly store: ForwardedStore & Pick<Store, "commits" | "core" | "openLogs" | "nodeId">;
  readonly http: HttpClient;
  readonly upstreamUrl: string;
  readonly token: string | null;
  readonly nodeName: string;
  /** Of this process, 16 hex: tells a receiver a restart from a clone. */
  readonly run?: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** zstd; without it requests are never packed as a whole. */
  readonly compress?: Compress;
  /** Cap, quotas and schedule of the link; none without it. */
  readonly budget?: LinkBudget;
  readonly settings?: Partial<ForwarderSettings>;
}

/** A lane the upstream refuses, and why. */
export interface LaneRefusal {
  readonly lane: string;
  readonly code: string;
  readonly detail: string;
}

export interface ForwarderStatus {
  /** `refused`: only an operator can help; see `error`. */
  readonly state: "stopped" | "connecting" | "connected" | "backing_off" | "refused";
  readonly upstream: string;
  /** Name of the upstream node, once it said hello. */
  readonly upstreamNode: string | null;
  /** Why the link is down, in a sentence, and its code. */
  readonly error: string | null;
  readonly errorCode: ErrorCode | null;
  readonly failures: number;
  readonly lagRecords: number;
  readonly lanes: number;
  /** Lanes the upstream refuses while it takes others. */
  readonly lanesWaiting: number;
  /** What it says of them; of some, where there are many. */
  readonly refused: readonly LaneRefusal[];
  /** Lanes whose live records go ahead of a backlog. */
  readonly lanesSplit: number;
  readonly requestsInFlight: number;
  /** Records, and bytes on disk, not yet held by the upstream; live records left out. */
  readonly backlogRecords: number;
  readonly backlogBytes: number;
  /** What the link was last seen to deliver when it was busy; 0 when not known. */
  readonly bytesPerSecond: number;
  /** Until the backlog is delivered, as it goes now; null when not known. */
  readonly catchUpSeconds: number | null;
  /** Age of the newest live record when it was last acknowledged; null before the first. */
  readonly liveDelayMs: number | null;
}
