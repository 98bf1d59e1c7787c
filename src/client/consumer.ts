/**
 * Reading in a group: the members share the partitions of their topics, and the node remembers how
 * far each was read.
 *
 * @module
 */
import { CLIENT_AUTO_COMMIT_MS } from "../base/client_limits.ts";
import { type OnRetry, retrying } from "./backoff.ts";
import type { Gap } from "./gap.ts";
import type { LogRecord } from "./log_record.ts";
import { LogboomError } from "./logboom_error.ts";
import {
  type Assignment,
  isOver,
  Membership,
  type OffsetToCommit,
  type TopicPartition,
} from "./membership.ts";
import { inOrder } from "./page.ts";
import { type FedPage, PartitionFeed } from "./partition_feed.ts";
import { defined, PartitionPages } from "./partition_pages.ts";
import { Progress } from "./progress.ts";
import { type RecordFilter, segment } from "./read_options.ts";
import type { Transport } from "./transport.ts";

/**
 * How a group reads.
 *
 * @example A member that finds its partitions again after a restart
 * ```ts
 * import { Client, type ConsumeOptions } from "@logboom/client";
 *
 * const options: ConsumeOptions = { instanceId: "worker-1", assignor: "sticky", from: "latest" };
 * const client = new Client({ url: "http://localhost:8080" });
 * for await (const event of client.consume("billing", "orders", options)) console.log(event.kind);
 * ```
 */
export interface ConsumeOptions extends RecordFilter {
  /**
   * Where to begin in a partition of which nothing was committed: `earliest` where left out. Those
   * that were added since this member began are read from their beginning in any case.
   */
  readonly from?: "earliest" | "latest";
  /** Commit by itself what the loop has gone past; true where left out. */
  readonly autoCommit?: boolean;
  /** Milliseconds between two such commits; 5 seconds where left out. */
  readonly autoCommitMs?: number;
  /** Milliseconds after which a member that died loses its partitions to the others. */
  readonly sessionTimeoutMs?: number;
  /** Milliseconds the others wait for a member that is busy, when partitions are shared anew. */
  readonly rebalanceTimeoutMs?: number;
  /** How partitions are shared: `range`, or `sticky`, which moves as few as it can. */
  readonly assignor?: "range" | "sticky";
  /** A name that outlives the process: its member finds its partitions again. */
  readonly instanceId?: string;
  /** What operators see of the member. */
  readonly clientId?: string;
  /** Tell where each record first became durable. */
  readonly source?: boolean;
  /** Check the CRC-32C of each batch here. No filters then. */
  readonly verify?: boolean;
  /** Records of a page at most; 5,000 where left out. */
  readonly pageRecords?: number;
  /** Ends it: it throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Is told of gaps; where left out they stand in the stream. */
  readonly onGap?: (gap: Gap) => void;
  /** Is told what this member reads from now on. */
  readonly onAssigned?: (partitions: readonly TopicPartition[]) => void;
  /** Is told what it reads no longer; what it has read of them is committed. */
  readonly onRevoked?: (partitions: readonly TopicPartition[]) => void;
}

/**
 * A member of a group, to be read by one `for await`. It stays a member while a record is worked
 * on, however long that takes; leaving the loop leaves the group. Every record comes at least once:
 * those that were not committed when a member dies, come again, to another.
 *
 * @example Two of these share the work
 * ```ts
 * import { Client } from "@logboom/client";
 *
 * const client = new Client({ url: "http://localhost:8080" });
 * const consumer = client.consume("billing", ["orders"], { autoCommit: false });
 * for await (const event of consumer) {
 *   if (event.kind === "gap") throw new Error(`${event}`);
 *   console.log(event.json());
 *   await consumer.commit();
 * }
 * ```
 */
export class Consumer<E extends LogRecord | Gap> implements AsyncIterable<E>, AsyncDisposable {
  readonly #transport: Transport;
  readonly #membership: Membership;
  readonly #options: ConsumeOptions & { readonly onRetry?: OnRetry | undefined };
  readonly #progress = new Progress();
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #topics: readonly string[];
  /** Partitions that each topic had when this began; what was added since has no earlier records. */
  readonly #partitions = new Map<string, number>();
  #assignment: readonly TopicPartition[] = [];
  #running: AsyncGenerator<E, void, void> | null = null;

  /** Made by `client.consume()`. */
  constructor(
    transport: Transport,
    group: { readonly name: string; readonly topics: readonly string[] },
    options: ConsumeOptions & { readonly onRetry?: OnRetry | undefined },
  ) {
    this.#transport = transport;
    this.#options = options;
    this.#topics = group.topics;
    const { signal } = options;
    this.#signal = signal === undefined
      ? this.#stop.signal
      : AbortSignal.any([signal, this.#stop.signal]);
    const { sessionTimeoutMs, rebalanceTimeoutMs, assignor, instanceId, clientId } = options;
    this.#membership = new Membership(transport, {
      ...{ group: group.name, topics: group.topics, onRetry: options.onRetry },
      ...{ sessionTimeoutMs, rebalanceTimeoutMs, assignor, instanceId, clientId },
    });
  }

  /** What this member reads now. */
  get assignment(): readonly TopicPartition[] {
    return this.#assignment;
  }

  /**
   * Commits how far it has read: up to and with the event that was handed out last. Durable once it
   * resolves.
   *
   * @throws {LogboomError} `rebalance_in_progress`, `illegal_generation`, `unknown_member`: its
   * partitions may be another's by now, who will read them from the commit before.
   */
  async commit(): Promise<void> {
    await this.#commit(this.#progress.handed(), this.#signal);
  }

  /** The events; a consumer is read once. */
  [Symbol.asyncIterator](): AsyncGenerator<E, void, void> {
    if (this.#running !== null) {
      throw new LogboomError("invalid_argument", "Cannot read a consumer twice");
    }
    this.#running = this.#run();
    return this.#running;
  }

  /** Ends it, commits what its loop has gone past, and leaves the group. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running?.return();
  }

  /** As {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async *#run(): AsyncGenerator<E, void, void> {
    try {
      if (this.#options.from === "latest") await this.#countPartitions();
      for (;;) {
        const assignments = await this.#membership.join(this.#signal);
        yield* this.#generation(assignments);
      }
    } finally {
      this.#stop.abort();
      // Whoever is left takes over sooner; where the node is away, the session's end does the same.
      await this.#membership.leave().catch(() => {});
    }
  }

  async #countPartitions(): Promise<void> {
    const options = {
      ...{ environment: this.#transport.environment, onRetry: this.#options.onRetry },
      signal: this.#signal,
    };
    for (const topic of this.#topics) {
      const call = { path: `/v1/topics/${segment(topic)}`, signal: this.#signal };
      try {
        const { partitions } = await retrying(
          options,
          () => this.#transport.json<{ readonly partitions: readonly unknown[] }>(call),
        );
        this.#partitions.set(topic, partitions.length);
      } catch (error) {
        // One that is yet to come is read from its beginning.
        if (!(error instanceof LogboomError) || error.code !== "unknown_topic") throw error;
      }
    }
  }

  /** Reads what is assigned until the group moves on. */
  async *#generation(assignments: readonly Assignment[]): AsyncGenerator<E, void, void> {
    const stop = new AbortController();
    const signal = AbortSignal.any([this.#signal, stop.signal]);
    const feed = this.#open(assignments, signal);
    let over = null as { readonly error?: unknown } | null;
    const end = (how: { readonly error?: unknown }) => {
      over ??= how;
      feed.wake();
    };
    const ended = Promise.all([
      this.#membership.live(signal).then(() => end({}), (error: unknown) => end({ error })),
      this.#commitNowAndThen(signal).catch((error: unknown) => end({ error })),
    ]);
    try {
      this.#assignment = assignments.map(({ topic, partition }) => ({ topic, partition }));
      this.#options.onAssigned?.(this.#assignment);
      for (;;) {
        const fed = await feed.next(() => over !== null || signal.aborted);
        this.#signal.throwIfAborted();
        if (fed === null) break;
        yield* this.#eventsOf(fed, () => over !== null);
      }
      if (over?.error !== undefined) throw over.error;
    } finally {
      stop.abort();
      await ended;
      await this.#commitDone();
      const revoked = this.#assignment;
      this.#assignment = [];
      this.#options.onRevoked?.(revoked);
    }
  }

  #open(assignments: readonly Assignment[], signal: AbortSignal): PartitionFeed {
    const { onRetry, from, source, verify, pageRecords } = this.#options;
    const { key, headers, contains, since, until } = this.#options;
    this.#progress.restart();
    const sources = assignments.map((each) => {
      const { topic, partition } = each;
      const isLatest = from === "latest" && partition < (this.#partitions.get(topic) ?? 0);
      const start = each.offset ?? (isLatest ? each.highWatermark : null);
      // Named once: a member that dies before its first record must not begin at a later end.
      if (each.offset === null && start !== null) {
        this.#progress.hand({ topic, partition, offset: start });
      }
      const epoch = each.offset === null || each.leaderEpoch < 0 ? undefined : each.leaderEpoch;
      const pages = new PartitionPages(this.#transport, topic, {
        ...{ partition, signal },
        from: start === null ? "earliest" : { offset: start, ...defined({ epoch }) },
        ...defined({ source, verify, pageRecords, key, headers, contains, since, until }),
      });
      return { topic, partition, pages };
    });
    this.#progress.done();
    return new PartitionFeed(
      { environment: this.#transport.environment, onRetry },
      sources,
      signal,
    );
  }

  /** What was asked for the next of, is done with. */
  async *#eventsOf(
    { page, topic, partition }: FedPage,
    isOver: () => boolean,
  ): AsyncGenerator<E, void, void> {
    for (const event of inOrder(page.contents)) {
      if (isOver()) return;
      this.#progress.hand({ topic, partition, ...offsetOf(page.positionAfter(event)) });
      const { onGap } = this.#options;
      if (event.kind === "gap" && onGap !== undefined) onGap(event);
      else yield event as E;
      this.#progress.done();
      this.#signal.throwIfAborted();
    }
    this.#progress.hand({ topic, partition, ...offsetOf(page.position) });
    this.#progress.done();
  }

  async #commitNowAndThen(signal: AbortSignal): Promise<void> {
    const { autoCommit = true, autoCommitMs = CLIENT_AUTO_COMMIT_MS } = this.#options;
    const { environment } = this.#transport;
    while (autoCommit && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const cancel = environment.after(autoCommitMs, resolve);
        signal.addEventListener("abort", () => {
          cancel();
          resolve();
        }, { once: true });
      });
      if (!signal.aborted) await this.#commitDone();
    }
  }

  /** What cannot be committed comes again: at least once is what is promised. */
  async #commitDone(): Promise<void> {
    if (this.#options.autoCommit === false) return;
    try {
      await this.#commit(this.#progress.toCommit());
    } catch (error) {
      if (error instanceof LogboomError && (error.retriable || isOver(error))) return;
      throw error;
    }
  }

  /** Where a topic is gone, what was read of it needs no place any more; that of the others does. */
  async #commit(offsets: readonly OffsetToCommit[], signal?: AbortSignal): Promise<void> {
    try {
      await this.#membership.commit(offsets, signal);
      this.#progress.committed(offsets);
    } catch (error) {
      if (!(error instanceof LogboomError) || error.code !== "unknown_topic") throw error;
      const { topic } = error.detail;
      const others = offsets.filter((offset) => offset.topic !== topic);
      if (others.length === offsets.length) throw error;
      await this.#commit(others, signal);
    }
  }
}

function offsetOf(position: ReturnType<FedPage["page"]["positionAfter"]>) {
  if (position !== null && "offset" in position) return position;
  throw new LogboomError("invalid_answer", "Cannot tell an offset in the page");
}
