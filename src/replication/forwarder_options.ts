/**
 * What a forwarder is handed, and what it tells.
 *
 * @module
 */
import type { Clock, Timers } from "../base/clock.ts";
import {
  REPLICATION_LINGER_MS,
  REPLICATION_PROBE_MS,
  REPLICATION_REFUSED_RETRY_MS,
} from "../base/limits.ts";
import type { Logger } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import type { HttpClient } from "../base/net.ts";
import type { Random } from "../base/random.ts";
import type { Store } from "../store/store.ts";
import { BACKOFF, type BackoffSettings } from "./backoff.ts";
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
  readonly store: ForwardedStore & Pick<Store, "commits" | "core" | "topics" | "nodeId">;
  readonly http: HttpClient;
  readonly upstreamUrl: string;
  readonly token: string | null;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly settings?: Partial<ForwarderSettings>;
}

export interface ForwarderStatus {
  /** `refused`: only an operator can help; see `error`. */
  readonly state: "stopped" | "connecting" | "connected" | "backing_off" | "refused";
  readonly upstream: string;
  /** Name of the upstream node, once it said hello. */
  readonly upstreamNode: string | null;
  /** Why the link is down, in a sentence. */
  readonly error: string | null;
  readonly failures: number;
  readonly lagRecords: number;
  readonly lanes: number;
  /** Lanes the upstream refuses while it takes others. */
  readonly lanesWaiting: number;
  readonly requestsInFlight: number;
}
