/**
 * How the link fares: what failed, how often in a row, and when to try again. Says so in the log
 * when it changes, not at every try.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import { backoffMs, type BackoffSettings } from "./backoff.ts";
import type { LinkTroubleError } from "./link_trouble.ts";

export interface LinkHealthOptions {
  readonly upstream: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly backoff: BackoffSettings;
}

export class LinkHealth {
  readonly #options: LinkHealthOptions;
  #failures = 0;
  /** Since the last success: an outage may come before a lost session, and says nothing of it. */
  #sessionsLost = 0;
  #retryAtMs = 0;
  #trouble: LinkTroubleError | null = null;

  constructor(options: LinkHealthOptions) {
    this.#options = options;
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  get trouble(): LinkTroubleError | null {
    return this.#trouble;
  }

  /** Only an operator can help. */
  get hopeless(): boolean {
    return this.#trouble !== null && isHopeless(this.#trouble);
  }

  /** Milliseconds until the link may be tried; zero when it may. */
  get waitMs(): number {
    return Math.max(0, this.#retryAtMs - this.#options.clock.monotonicMs());
  }

  /** @returns false when it is part of a failure that was counted: requests fail together */
  failed(error: LinkTroubleError): boolean {
    if (this.waitMs > 0) return false;
    const { clock, logger, upstream } = this.#options;
    this.#failures++;
    const waitMs = Math.max(this.#backoffMs(error), error.retryAfterMs);
    this.#retryAtMs = clock.monotonicMs() + waitMs;
    const isNew = error.kind !== this.#trouble?.kind || error.code !== this.#trouble.code;
    this.#trouble = error;
    const level = isHopeless(error) ? "error" : isNew ? "warn" : "debug";
    logger[level]("upstream_failed", {
      upstream,
      trouble: error.kind,
      code: error.code,
      error: error.message,
      failures: this.#failures,
      retry_in_ms: Math.round(waitMs),
    });
    return true;
  }

  /** The upstream said hello: it is there, though nothing was delivered yet. */
  greeted(): void {
    this.#trouble = null;
  }

  succeeded(): void {
    if (this.#failures > 0) {
      const { logger, upstream } = this.#options;
      logger.info("upstream_recovered", { upstream, failures: this.#failures });
    }
    this.#failures = 0;
    this.#sessionsLost = 0;
    this.#trouble = null;
  }

  #backoffMs(error: LinkTroubleError): number {
    const { backoff, random } = this.#options;
    if (isHopeless(error)) return backoff.capMs;
    // A receiver that restarted is there: hello at once, unless it forgets us again and again.
    if (error.kind === "session_lost" && ++this.#sessionsLost === 1) return 0;
    return backoffMs(this.#failures, random.next(), backoff);
  }
}

function isHopeless({ kind }: LinkTroubleError): boolean {
  return kind === "denied" || kind === "incompatible" || kind === "loop";
}
