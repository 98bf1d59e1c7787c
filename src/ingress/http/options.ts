/**
 * What the produce side is handed: by the roof in a node, by a test in a test.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import type { Clock, Timers } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import type { Metrics } from "../../base/metrics.ts";
import type { Inflate } from "../../format/codec.ts";
import type { Store } from "../../store/store.ts";
import type { Admission } from "../admission.ts";

export type Scope = "produce" | "consume" | "admin" | "replicate";

/** Makes the middleware that lets a request with that scope pass, or refuses it. */
export type Authorize = (scope: Scope) => MiddlewareHandler;

/** What appending needs of a Store. */
export type IngressStore = Pick<
  Store,
  "checkRoom" | "core" | "commits" | "createTopic" | "origins" | "topic"
>;

/** Limits of this door, where they are not the defaults of base/limits.ts. */
export interface IngressLimits {
  readonly bodyBytesMax?: number;
  readonly bodiesBytesMax?: number;
  readonly bodyTimeoutMs?: number;
  readonly admissionWaitMs?: number;
}

export interface IngressOptions {
  readonly store: IngressStore;
  readonly admission: Admission;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly inflate: Inflate;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly authorize: Authorize;
  readonly limits?: IngressLimits;
  /** Told of each bug, after it was logged. */
  readonly onBug?: (error: unknown) => void;
}
