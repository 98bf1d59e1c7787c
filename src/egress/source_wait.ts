/**
 * Long poll in the order of source: what was waited for may come as a batch, or become readable
 * because a checkpoint lets it through.
 *
 * @module
 */
import type { Offset } from "../base/types.ts";

/** What it needs of a PartitionLog. */
export interface AwaitedLog {
  readonly highWatermark: Offset;
  waitFor(
    offset: Offset,
    options: { timeoutMs: number; signal?: AbortSignal | undefined },
  ): Promise<boolean>;
}

export interface SourceWaitOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Calls back once more may be readable without a batch having come. */
  readonly onMerged: (wake: () => void) => () => void;
}

/** Resolves when there may be more than there was when it was called, or the time is up. */
export async function sourceWait(
  logs: readonly AwaitedLog[],
  { timeoutMs, signal, onMerged }: SourceWaitOptions,
): Promise<void> {
  // Whoever is first ends the waiting of the others.
  const first = new AbortController();
  const ended = signal === undefined ? first.signal : AbortSignal.any([signal, first.signal]);
  const { promise: merged, resolve } = Promise.withResolvers<void>();
  const cancel = onMerged(resolve);
  try {
    await Promise.race<unknown>([
      merged,
      // One timer will do for all.
      ...logs.map((log, at) =>
        log.waitFor(log.highWatermark, {
          timeoutMs: at === 0 ? timeoutMs : Infinity,
          signal: ended,
        })
      ),
    ]);
  } finally {
    first.abort();
    cancel();
  }
}
