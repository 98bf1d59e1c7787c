/**
 * Long poll, in Kafka's terms: a reader waits until there are `minBytes` to read or `maxWaitMs` have
 * passed, whichever is first; or until it has gone, or the node stops.
 *
 * @module
 */
import type { Offset } from "../base/types.ts";

export interface FetchWaitOptions {
  readonly minBytes: number;
  readonly maxWaitMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** What it needs of a PartitionLog. */
export interface WaitableLog {
  readonly highWatermark: Offset;
  waitFor(
    offset: Offset,
    options: { minBytes?: number; timeoutMs: number; signal?: AbortSignal | undefined },
  ): Promise<boolean>;
}

/** Resolves when it is time to read at `offset`, whatever there is by then. */
export async function fetchWait(
  log: WaitableLog,
  offset: Offset,
  { minBytes, maxWaitMs, signal }: FetchWaitOptions,
): Promise<void> {
  if (maxWaitMs === 0) return;
  if (minBytes <= 1 && log.highWatermark > offset) return;
  await log.waitFor(offset, { minBytes, timeoutMs: maxWaitMs, signal });
}

/**
 * The same for several partitions at once: resolves when there is anything in any of them; false
 * when the wait ended without.
 */
export async function fetchWaitAny(
  standings: readonly { readonly log: WaitableLog; readonly offset: Offset }[],
  { maxWaitMs, signal }: Omit<FetchWaitOptions, "minBytes">,
): Promise<boolean> {
  if (standings.some(({ log, offset }) => log.highWatermark > offset)) return true;
  if (maxWaitMs === 0) return false;
  // Whoever is first ends the waiting of the others.
  const first = new AbortController();
  const ended = signal === undefined ? first.signal : AbortSignal.any([signal, first.signal]);
  try {
    // One timer will do for all.
    return await Promise.race(
      standings.map(({ log, offset }, at) =>
        log.waitFor(offset, { timeoutMs: at === 0 ? maxWaitMs : Infinity, signal: ended })
      ),
    );
  } finally {
    first.abort();
  }
}
