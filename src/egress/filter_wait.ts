/**
 * Long poll for what a filter wants: what comes is looked through as it comes, until something
 * matches, there is a gap to be told of, or the time is up.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";

export interface FilterWaitOptions<Page> {
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly maxWaitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Looks through what there is, from where the page before ended. */
  readonly read: (before: Page | null) => Promise<Page>;
  /** Whether the reader should have a page now, whatever may still come. */
  readonly isWorthIt: (page: Page) => boolean;
  /** Resolves with false when the wait ended without more to read. */
  readonly wait: (page: Page, maxWaitMs: number) => Promise<boolean>;
}

export async function filterWait<Page>(options: FilterWaitOptions<Page>): Promise<Page> {
  const { clock, maxWaitMs, signal, read, isWorthIt, wait } = options;
  const endMs = clock.monotonicMs() + maxWaitMs;
  let page = await read(null);
  while (!isWorthIt(page) && !signal?.aborted) {
    const leftMs = endMs - clock.monotonicMs();
    if (leftMs <= 0 || !await wait(page, leftMs)) break;
    page = await read(page);
  }
  return page;
}
