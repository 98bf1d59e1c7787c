/** A store with one topic "t", and what a tail of it needs. */
import { inflate } from "../../src/host/inflate.ts";
import { PieceBudget } from "../../src/egress/tail/piece_ring.ts";
import { type FeedOptions, TailFeed } from "../../src/egress/tail/tail_feed.ts";
import type { TailScope } from "../../src/egress/tail/tail_place.ts";
import type { Store } from "../../src/store/store.ts";
import type { Topic } from "../../src/store/topic.ts";
import { EventParser, type SeenEvent } from "./event_stream.ts";
import type { HandClock } from "./hand_clock.ts";
import { append, openStore } from "./stores.ts";

export interface TailWorld {
  readonly store: Store;
  readonly clock: HandClock;
  readonly topic: Topic;
  readonly scope: TailScope;
  readonly options: FeedOptions;
  readonly budget: PieceBudget;
  put(partition: number, ...values: string[]): Promise<void>;
  feed(): TailFeed;
}

export async function openTailWorld(
  { partitions = 1, budgetBytes = 1_000_000 }: {
    readonly partitions?: number;
    readonly budgetBytes?: number;
  } = {},
): Promise<TailWorld> {
  const { store, world } = await openStore({ settings: { defaultPartitions: partitions } });
  const topic = await store.createTopic("t");
  const scope = { topic, partition: null };
  const options = { core: store.core, losses: store.ranges, inflate };
  const budget = new PieceBudget(budgetBytes);
  return {
    ...{ store, topic, scope, options, budget },
    clock: world.clock,
    async put(partition, ...values) {
      await append(store, topic.partitions[partition]!, values);
    },
    feed: () => new TailFeed(scope, { ...options, timers: world.clock, budget }),
  };
}

/** Events in some pieces. */
export function eventsIn(pieces: readonly { readonly bytes: Uint8Array }[]): SeenEvent[] {
  const parser = new EventParser();
  return pieces.flatMap(({ bytes }) => parser.push(bytes));
}

/** What happened in some events, in short: the value of a record, or what a gap says. */
export function told(events: readonly SeenEvent[]): string[] {
  return events.map(({ type, data }) => {
    const { value, from, to, reason } = JSON.parse(data);
    return type === "message" ? value : `${type} ${from}-${to} ${reason}`;
  });
}
