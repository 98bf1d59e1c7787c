/**
 * How long to wait after a failure, and what is worth waiting for.
 *
 * Exponential with full jitter, so that the readers of a node do not come back in step when it
 * does; never sooner than the node asked for.
 *
 * @module
 */
import { CLIENT_BACKOFF_MS_MAX, CLIENT_BACKOFF_MS_MIN } from "../base/client_limits.ts";
import { type Environment, pause } from "./environment.ts";
import { LogboomError } from "./logboom_error.ts";

/** Doublings beyond this cannot change the result. */
const DOUBLINGS_MAX = 16;

/**
 * Told of each failure that is answered by another try.
 *
 * @example Say that the node is away
 * ```ts
 * import { Client, type OnRetry } from "@logboom/client";
 *
 * const onRetry: OnRetry = ({ error, delayMs }) => console.warn(`${error.message}; again in ${delayMs} ms`);
 * export const client = new Client({ url: "http://localhost:8080", onRetry });
 * ```
 */
export type OnRetry = (retry: Retry) => void;

/**
 * A failure, and when the next try is.
 *
 * @example Count outages, not hiccups
 * ```ts
 * import { Client, type Retry } from "@logboom/client";
 *
 * let outages = 0;
 * const count = ({ failures }: Retry) => void (outages += failures === 5 ? 1 : 0);
 * export const client = new Client({ url: "http://localhost:8080", onRetry: count });
 * ```
 */
export interface Retry {
  /** What went wrong. */
  readonly error: LogboomError;
  /** Failures in a row so far. */
  readonly failures: number;
  /** Milliseconds until the next try. */
  readonly delayMs: number;
}

/** Milliseconds to wait after so many failures in a row. `jitter` lies in [0, 1). */
export function backoffMs(failures: number, jitter: number): number {
  const most = CLIENT_BACKOFF_MS_MIN * 2 ** Math.min(failures - 1, DOUBLINGS_MAX);
  return Math.floor(jitter * Math.min(CLIENT_BACKOFF_MS_MAX, most));
}

export interface BackoffOptions {
  readonly environment: Environment;
  readonly signal?: AbortSignal | undefined;
  readonly onRetry?: OnRetry | undefined;
  /** Milliseconds from the first failure on after which failures are final; for ever without. */
  readonly forMs?: number;
}

/** Waits between tries, until it has waited long enough. */
export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;
  #startMs = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** It went well: the next failure is a first one. */
  reset(): void {
    this.#failures = 0;
  }

  /** Resolves when it is time for another try. @throws `error` where none is worth it. */
  async wait(error: unknown): Promise<void> {
    const { environment, signal, onRetry, forMs = Infinity } = this.#options;
    if (signal?.aborted) throw signal.reason;
    if (!(error instanceof LogboomError) || !error.retriable) throw error;
    if (this.#failures++ === 0) this.#startMs = environment.nowMs();
    const asked = Number(error.detail["retry_after_s"] ?? 0) * 1_000;
    const delayMs = Math.max(backoffMs(this.#failures, environment.random()), asked);
    if (environment.nowMs() + delayMs - this.#startMs > forMs) throw error;
    onRetry?.({ error, failures: this.#failures, delayMs });
    await pause(environment, delayMs, signal);
  }
}

/** Tries until it goes well, or fails for good. */
export async function retrying<T>(options: BackoffOptions, attempt: () => Promise<T>): Promise<T> {
  const backoff = new Backoff(options);
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      await backoff.wait(error);
    }
  }
}
