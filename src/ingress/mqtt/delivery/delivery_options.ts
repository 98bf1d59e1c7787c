/** What delivery is made of, and what it is told of a session. @module */
import type { Clock, Timers } from "../../../base/clock.ts";
import type { Metrics } from "../../../base/metrics.ts";
import type { Core } from "../../../core/core.ts";
import type { Inflate } from "../../../format/codec.ts";
import type { CommitObserver } from "../../../store/commit_loop.ts";
import type { ClientLog } from "../client_log.ts";
import type { TopicRoutes } from "../topic_routes.ts";
import type { QueueBook, QueueState } from "./queue_book.ts";
import type { DeliveryTopic } from "./topic_interest.ts";

/** What delivery needs of the Store. */
export interface DeliveryStore {
  readonly core: Core;
  readonly commits: { observe(observer: CommitObserver): () => void };
  topics(): readonly DeliveryTopic[];
  topic(name: string): DeliveryTopic | undefined;
}

export interface DeliveryOptions {
  readonly store: DeliveryStore;
  readonly routes: TopicRoutes;
  readonly book: QueueBook;
  readonly inflate: Inflate;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly metrics: Metrics;
  readonly log: ClientLog;
  readonly flushSoon: (session: { flush(): void }) => void;
  readonly freshBytesMax: number;
  /** How many subscriptions each client has that an earlier run kept. */
  readonly kept: ReadonlyMap<string, number>;
}

export interface OpenQueueOptions {
  /** Whether it outlives its connection. */
  readonly lasting: boolean;
  /** What was kept of it; null where it is new, and what this run knows of an old one is dropped. */
  readonly saved: QueueState | null;
}
