/**
 * All tails of the node: who wants the same shares a feed, who is behind waits for his turn to read,
 * who takes nothing is dropped. Nothing runs while there is no tail.
 *
 * @module
 */
import type { Clock, Timers } from "../../base/clock.ts";
import { OperatingError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { Counter, Metrics } from "../../base/metrics.ts";
import {
  TAIL_GOODBYE_MS,
  TAIL_PIECES_BYTES_MAX,
  TAIL_RETRY_MS,
  TAIL_SLICE_BYTES_MAX,
  TAIL_SLICE_BYTES_MIN,
  TAIL_STALLED_MS,
  TAIL_SWEEP_MS,
  TAILS_MAX,
} from "../../base/tail_limits.ts";
import { openingEvent, type TailEnd } from "../../protocol/http/event_stream.ts";
import type { CommitObserver } from "../../store/commit_loop.ts";
import type { PartitionLog } from "../../store/partition_log.ts";
import type { TopicObserver } from "../../store/topic_table.ts";
import type { Topic } from "../../store/topic.ts";
import type { ScanTurns } from "../scan_turns.ts";
import { PieceBudget } from "./piece_ring.ts";
import { type FeedOptions, TailFeed } from "./tail_feed.ts";
import { cursorText, type TailPlace, type TailScope } from "./tail_place.ts";
import { TailReader } from "./tail_reader.ts";

export interface TailHubOptions {
  readonly store: {
    readonly commits: { observe(observer: CommitObserver): () => void };
    topic(name: string): Topic | undefined;
    observeTopics(observer: TopicObserver): () => void;
  };
  readonly clock: Clock;
  readonly timers: Timers;
  /** Who reads by itself takes turns with all who look through logs. */
  readonly turns: ScanTurns;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Aborted when the node stops: all tails end. */
  readonly stopping?: AbortSignal | undefined;
  /** Cuts connections off: their readers did not even take the event that says why. */
  readonly cut?: ((addresses: readonly string[]) => void) | undefined;
}

export interface TailRequest extends FeedOptions {
  readonly scope: TailScope;
  /** The same for those who want the same records in the same form. */
  readonly likeness: string;
  readonly place: TailPlace;
  /** Where the reader is, where that is known. */
  readonly address: string | null;
}

export class TailHub {
  readonly #options: TailHubOptions;
  readonly #budget = new PieceBudget(TAIL_PIECES_BYTES_MAX);
  readonly #feeds = new Map<string, TailFeed>();
  readonly #byLog = new Map<PartitionLog, Set<TailFeed>>();
  readonly #readers = new Map<TailReader, TailRequest>();
  /** Those who were told that it is over, and since when. */
  readonly #ending = new Map<TailReader, number>();
  readonly #opened: Counter;
  #stopObserving: (() => void) | null = null;
  #sweeping = false;

  constructor(options: TailHubOptions) {
    this.#options = options;
    const { metrics, stopping } = options;
    metrics.gauge("logboom_tails", "Readers of live tails.", () => this.#readers.size);
    metrics.gauge(
      "logboom_tails_behind",
      "Readers of live tails who are not at the end of their topic.",
      () => [...this.#readers.keys()].filter(({ isLive }) => !isLive).length,
    );
    metrics.gauge(
      "logboom_tail_buffered_bytes",
      "Bytes of events kept for readers of live tails.",
      () => this.#budget.bytes,
    );
    this.#opened = metrics.counter("logboom_tails_opened_total", "Live tails begun.");
    stopping?.addEventListener("abort", () => this.#stop(), { once: true });
  }

  get size(): number {
    return this.#readers.size;
  }

  /** Bytes of events kept for all. */
  get bytes(): number {
    return this.#budget.bytes;
  }

  /** @throws {OperatingError} overloaded when there are too many; shutting_down */
  open(request: TailRequest): TailReader {
    if (this.#options.stopping?.aborted) {
      throw new OperatingError("shutting_down", "Cannot tail: the node stops");
    }
    if (this.#readers.size >= TAILS_MAX) {
      throw new OperatingError("overloaded", `Cannot tail: ${TAILS_MAX} readers do`, {
        limit: TAILS_MAX,
      });
    }
    const { place, scope } = request;
    const feed = this.#feedOf(request);
    const reader = new TailReader({
      ...{ feed, place, budget: this.#budget, turns: this.#options.turns },
      opening: openingEvent(TAIL_RETRY_MS, cursorText(scope.topic, place)),
      monotonicMs: () => this.#options.clock.monotonicMs(),
      sliceBytes: () => this.#sliceBytes(),
      closed: (closed) => this.#closed(closed),
    });
    this.#readers.set(reader, request);
    this.#opened.value += 1;
    this.#watch();
    return reader;
  }

  /** What all of them could read at once must fit what is kept for all. */
  #sliceBytes(): number {
    const share = TAIL_PIECES_BYTES_MAX / 4 / this.#readers.size;
    return Math.max(TAIL_SLICE_BYTES_MIN, Math.min(TAIL_SLICE_BYTES_MAX, share));
  }

  #feedOf(request: TailRequest): TailFeed {
    const key = keyOf(request);
    let feed = this.#feeds.get(key);
    if (feed === undefined) {
      const { timers } = this.#options;
      feed = new TailFeed(request.scope, { ...request, timers, budget: this.#budget });
      this.#feeds.set(key, feed);
      for (const log of feed.logs) this.#follow(log, feed);
    }
    return feed;
  }

  #follow(log: PartitionLog, feed: TailFeed): void {
    const feeds = this.#byLog.get(log) ?? new Set();
    this.#byLog.set(log, feeds);
    feeds.add(feed);
  }

  #closed(reader: TailReader): void {
    const request = this.#readers.get(reader);
    this.#readers.delete(reader);
    this.#ending.delete(reader);
    const { feed } = reader;
    if (request === undefined || feed.readers.size > 0) return;
    this.#feeds.delete(keyOf(request));
    for (const log of feed.logs) {
      const feeds = this.#byLog.get(log);
      feeds?.delete(feed);
      if (feeds?.size === 0) this.#byLog.delete(log);
    }
    if (this.#feeds.size > 0) return;
    this.#stopObserving?.();
    this.#stopObserving = null;
  }

  #watch(): void {
    this.#stopObserving ??= this.#observe();
    if (this.#sweeping) return;
    this.#sweeping = true;
    this.#options.timers.after(TAIL_SWEEP_MS, () => {
      this.#sweeping = false;
      this.#sweep();
      if (this.#readers.size > 0) this.#watch();
    });
  }

  #observe(): () => void {
    const { store } = this.#options;
    const stopCommits = store.commits.observe((log) => {
      for (const feed of this.#byLog.get(log) ?? []) feed.advance();
    });
    // At once: what comes of a topic that is made anew is not for readers of the one before.
    const stopTopics = store.observeTopics((name) => {
      for (const feed of this.#feeds.values()) if (feed.topic.name === name) this.#checkTopic(feed);
    });
    return () => {
      stopCommits();
      stopTopics();
    };
  }

  #sweep(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const reader of this.#readers.keys()) {
      if (reader.look(nowMs) === "stalled" && !reader.isEnding) {
        this.#end(reader, {
          code: "slow_reader",
          detail: `Nothing was taken for ${TAIL_STALLED_MS / 1000} s while there was something`,
        });
      }
    }
    this.#cutOff(
      [...this.#ending.keys()].filter((reader) =>
        nowMs - this.#ending.get(reader)! >= TAIL_GOODBYE_MS
      ),
    );
  }

  #cutOff(readers: readonly TailReader[]): void {
    if (readers.length === 0) return;
    const addresses = readers.map((reader) => this.#readers.get(reader)?.address ?? null)
      .filter((address) => address !== null);
    for (const reader of readers) reader.close();
    this.#options.cut?.(addresses);
  }

  /** A topic may have got partitions, or be gone. */
  #checkTopic(feed: TailFeed): void {
    const { name, id, partitions } = feed.topic;
    const topic = this.#options.store.topic(name);
    if (topic?.id !== id) {
      const end = { code: "unknown_topic", detail: `Topic ${name} is not the one it was` };
      for (const reader of this.#readers.keys()) if (reader.feed === feed) this.#end(reader, end);
    } else if (topic.partitions.length > partitions.length) {
      feed.grow(topic);
      for (const log of feed.logs) this.#follow(log, feed);
    }
  }

  #end(reader: TailReader, end: TailEnd): void {
    if (reader.isEnding) return;
    this.#ending.set(reader, this.#options.clock.monotonicMs());
    const { metrics, logger } = this.#options;
    metrics.counter(
      "logboom_tails_ended_total",
      "Live tails this node ended, by the reason.",
      { reason: end.code },
    ).value += 1;
    reader.end(end);
    if (end.code === "shutting_down") return;
    const { topic } = reader.feed;
    const address = this.#readers.get(reader)?.address;
    logger.warn("tail_ended", { topic: topic.name, reason: end.code, address, lag: reader.lag() });
  }

  #stop(): void {
    const end = { code: "shutting_down", detail: "The node stops" };
    for (const reader of this.#readers.keys()) this.#end(reader, end);
  }
}

function keyOf({ scope, likeness }: TailRequest): string {
  return `${scope.topic.id} ${scope.partition ?? "*"} ${likeness}`;
}
