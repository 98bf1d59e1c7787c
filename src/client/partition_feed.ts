/**
 * Pages of several partitions side by side, each in its order, taken one at a time. Few requests are
 * under way at once, and no partition runs ahead by more than a page that waits.
 *
 * @module
 */
import { CLIENT_LOOK_AGAIN_MS, CLIENT_WAIT_MS } from "../base/client_limits.ts";
import { type OnRetry, retrying } from "./backoff.ts";
import { LogboomError } from "./logboom_error.ts";
import type { TopicPartition } from "./membership.ts";
import type { Pages, ReadPage } from "./read.ts";
import { type Environment, pause } from "./environment.ts";

export interface FedPage extends TopicPartition {
  readonly page: ReadPage;
}

export interface FeedSource extends TopicPartition {
  readonly pages: Pages;
}

/** The topic went away under its reader: it may come back, and the group will say. */
const GONE = new Set(["unknown_topic", "unknown_partition"]);

export class PartitionFeed {
  readonly #environment: Environment;
  readonly #onRetry: OnRetry | undefined;
  readonly #waitMs: number;
  readonly #ready: { readonly fed: FedPage; readonly taken: () => void }[] = [];
  readonly #slots: (() => void)[] = [];
  #free: number;
  #failure: { readonly error: unknown } | null = null;
  #wake: (() => void) | null = null;

  /** Begins to read; it ends with the signal. */
  constructor(
    parts: { readonly environment: Environment; readonly onRetry?: OnRetry | undefined },
    sources: readonly FeedSource[],
    signal: AbortSignal,
  ) {
    this.#environment = parts.environment;
    this.#onRetry = parts.onRetry;
    this.#free = parts.environment.fetchesMax;
    // Where partitions have to take turns, none may wait for long.
    const turns = Math.ceil(sources.length / this.#free);
    this.#waitMs = turns <= 1 ? CLIENT_WAIT_MS : Math.max(50, Math.floor(1_000 / turns));
    for (const source of sources) {
      this.#follow(source, signal).catch((error: unknown) => {
        if (!signal.aborted) this.#failure ??= { error };
        this.#wakeUp();
      });
    }
    signal.addEventListener("abort", () => this.#wakeUp(), { once: true });
  }

  /** The next page; null when `isOver` says so, which is looked at after each {@linkcode wake}. */
  async next(isOver: () => boolean): Promise<FedPage | null> {
    for (;;) {
      if (isOver()) return null;
      if (this.#failure !== null) throw this.#failure.error;
      const one = this.#ready.shift();
      if (one !== undefined) {
        one.taken();
        return one.fed;
      }
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** Has it look whether it is over. */
  wake(): void {
    this.#wakeUp();
  }

  async #follow({ pages, ...place }: FeedSource, signal: AbortSignal): Promise<void> {
    const options = { environment: this.#environment, onRetry: this.#onRetry, signal };
    let waitMs = 0;
    while (!signal.aborted) {
      try {
        const page = await retrying(options, () => this.#inTurn(() => pages.next(waitMs)));
        waitMs = page.atEnd ? this.#waitMs : 0;
        await new Promise<void>((taken) => {
          this.#ready.push({ fed: { ...place, page }, taken });
          this.#wakeUp();
        });
      } catch (error) {
        if (!(error instanceof LogboomError) || !GONE.has(error.code)) throw error;
        await pause(this.#environment, CLIENT_LOOK_AGAIN_MS, signal);
      }
    }
  }

  async #inTurn<T>(ask: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#slots.push(resolve));
    try {
      return await ask();
    } finally {
      const next = this.#slots.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
