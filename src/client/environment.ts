/**
 * The outside world as the client needs it, so that tests can own it.
 *
 * @module
 */
import { CLIENT_FETCHES_MAX, CLIENT_FETCHES_MAX_OF_PROGRAMS } from "../base/client_limits.ts";

/**
 * The platform's `fetch`, or one that behaves so.
 *
 * @example Answer a client in a test
 * ```ts
 * import { Client, type Fetch } from "@logboom/client";
 *
 * const fetch: Fetch = () => Promise.resolve(Response.json({ topics: [] }));
 * console.log(await new Client({ url: "http://node.test", fetch }).topics.list());
 * ```
 */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Environment {
  readonly fetch: Fetch;
  /** Requests for records that one consumer may have under way. */
  readonly fetchesMax: number;
  /** Milliseconds since some fixed moment; never runs backwards. */
  nowMs(): number;
  /** Uniform in [0, 1). */
  random(): number;
  /** Calls `task` once, `delayMs` from now; the returned function cancels it. */
  after(delayMs: number, task: () => void): () => void;
}

/** What Deno, Node and browsers have in common. */
export function platform(fetchOfCaller?: Fetch): Environment {
  return {
    fetch: fetchOfCaller ?? ((url, init) => fetch(url, init)),
    fetchesMax: isProgram(globalThis.navigator?.userAgent ?? "")
      ? CLIENT_FETCHES_MAX_OF_PROGRAMS
      : CLIENT_FETCHES_MAX,
    nowMs: () => performance.now(),
    random: () => Math.random(),
    after(delayMs, task) {
      const timer = setTimeout(task, delayMs);
      return () => clearTimeout(timer);
    },
  };
}

/** Whether no browser, or worker of one, is meant by this: those open six connections to a server. */
export function isProgram(userAgent: string): boolean {
  return /^(Deno|Node\.js|Bun)\//.test(userAgent);
}

/** Resolves after `delayMs`; rejects with the signal's reason as soon as that aborts. */
export function pause(
  environment: Pick<Environment, "after">,
  delayMs: number,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const aborted = () => {
      cancel();
      reject(signal!.reason);
    };
    const cancel = environment.after(delayMs, () => {
      signal?.removeEventListener("abort", aborted);
      resolve();
    });
    signal?.addEventListener("abort", aborted, { once: true });
  });
}
