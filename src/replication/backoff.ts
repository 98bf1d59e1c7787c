/**
 * How long to wait after a failure. Pure.
 *
 * Exponential with full jitter: uniform in [0, min(cap, first * 2^failures)), so that the gateways
 * of a site do not come back in step when its uplink does. There is no last attempt.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { REPLICATION_BACKOFF_MS_MAX, REPLICATION_BACKOFF_MS_MIN } from "../base/link_limits.ts";

export interface BackoffSettings {
  readonly firstMs: number;
  readonly capMs: number;
}

export const BACKOFF: BackoffSettings = {
  firstMs: REPLICATION_BACKOFF_MS_MIN,
  capMs: REPLICATION_BACKOFF_MS_MAX,
};

/** Doublings beyond this cannot change the result, and 2^failures must stay a number. */
const DOUBLINGS_MAX = 32;

/**
 * Milliseconds to wait.
 *
 * @param failures consecutive failures before this wait, at least 1
 * @param jitter   a random number in [0, 1)
 */
export function backoffMs(failures: number, jitter: number, settings = BACKOFF): number {
  assert(failures >= 1, "a wait follows a failure");
  assert(jitter >= 0 && jitter < 1, "jitter is a fraction");
  const doublings = Math.min(failures - 1, DOUBLINGS_MAX);
  return Math.floor(jitter * Math.min(settings.capMs, settings.firstMs * 2 ** doublings));
}
