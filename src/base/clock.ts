/**
 * Time is handed in, so that a test can wind it by hand and a simulator can own it.
 *
 * @module
 */

export interface Clock {
  /** Milliseconds since the Unix epoch, an integer. May jump either way: gateways boot in 1970. */
  wallMs(): number;
  /** Milliseconds since some fixed moment of this run, with a fraction. Never runs backwards. */
  monotonicMs(): number;
}

export interface Timers {
  /** Calls `task` once, `delayMs` from now; the returned function cancels it. */
  after(delayMs: number, task: () => void): () => void;
  /** Calls `task` once what is already queued has been looked at: after the I/O at hand. */
  soon(task: () => void): void;
}

/** Resolves after `delayMs`, or at once when `signal` aborts. */
export function sleep(timers: Timers, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const finish = () => {
      cancel();
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const cancel = timers.after(delayMs, finish);
    signal?.addEventListener("abort", finish, { once: true });
  });
}
