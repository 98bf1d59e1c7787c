/**
 * "sticky": evenly, and of what a member had it keeps all it may. Partitions go to the member that
 * has the fewest of those that subscribed to their topic; then single ones move from members with
 * many to members with few, as long as that makes it more even. Members that subscribe to the same
 * topics end with counts that differ by one at the most.
 *
 * @module
 */
import { assert } from "../../base/assert.ts";
import type { TopicPartition } from "../group_api.ts";
import { type Assignor, inOrder, type Subscriber } from "./assignor.ts";

interface Share {
  readonly subscriber: Subscriber;
  readonly topics: ReadonlySet<string>;
  readonly partitions: TopicPartition[];
}

export const assignSticky: Assignor = (subscribers, partitions) => {
  const shares = inOrder(subscribers).map((subscriber): Share => ({
    subscriber,
    topics: new Set(subscriber.topics),
    partitions: [],
  }));
  const free = new Map<string, TopicPartition>();
  for (const topic of [...new Set(shares.flatMap(({ topics }) => [...topics]))].toSorted()) {
    const count = partitions.get(topic) ?? 0;
    for (let partition = 0; partition < count; partition++) {
      free.set(keyOf({ topic, partition }), { topic, partition });
    }
  }
  keepOwned(shares, free);
  giveFree(shares, free);
  level(shares);
  return new Map(shares.map(({ subscriber, partitions }) => [subscriber.memberId, partitions]));
};

/** What two members claim goes to the first: one of them speaks of an older generation. */
function keepOwned(shares: readonly Share[], free: Map<string, TopicPartition>): void {
  for (const share of shares) {
    for (const owned of share.subscriber.owned) {
      if (share.topics.has(owned.topic) && free.delete(keyOf(owned))) share.partitions.push(owned);
    }
  }
}

/** Those few may have come first, so that members who may have all do not take them. */
function giveFree(shares: readonly Share[], free: ReadonlyMap<string, TopicPartition>): void {
  const takersOf = (topic: string) => shares.filter(({ topics }) => topics.has(topic));
  const byTopic = [...Map.groupBy(free.values(), ({ topic }) => topic)]
    .map(([topic, own]) => ({ own, takers: takersOf(topic) }))
    .toSorted((a, b) => a.takers.length - b.takers.length);
  for (const { own, takers } of byTopic) {
    for (const partition of own) fewest(takers).partitions.push(partition);
  }
}

function fewest(shares: readonly Share[]): Share {
  const first = shares[0];
  assert(first !== undefined, "who subscribed to a topic with partitions is there");
  return shares.reduce(
    (best, each) => each.partitions.length < best.partitions.length ? each : best,
    first,
  );
}

/**
 * One at a time, from the one that has most of those that can give. Each takes one from the more to
 * the fewer, so the sum of squares falls: it ends.
 */
function level(shares: readonly Share[]): void {
  const takers = new Map<string, readonly Share[]>();
  const takersOf = (topic: string) => {
    const known = takers.get(topic) ?? shares.filter(({ topics }) => topics.has(topic));
    takers.set(topic, known);
    return known;
  };
  const moveOne = () => {
    const most = shares.toSorted((a, b) => b.partitions.length - a.partitions.length);
    return most.some((from) => giveOne(from, takersOf));
  };
  while (moveOne());
}

function giveOne(from: Share, takersOf: (topic: string) => readonly Share[]): boolean {
  const seen = new Set<string>();
  for (let at = from.partitions.length - 1; at >= 0; at--) {
    const partition = from.partitions[at]!;
    if (seen.has(partition.topic)) continue;
    seen.add(partition.topic);
    const to = fewest(takersOf(partition.topic));
    if (from.partitions.length - to.partitions.length < 2) continue;
    from.partitions.splice(at, 1);
    to.partitions.push(partition);
    return true;
  }
  return false;
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}
