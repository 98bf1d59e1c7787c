/**
 * Kafka's "range": of each topic for itself, each member gets a run of partitions, the first ones
 * one more where it does not come out even. Partitions of the same number stay together where
 * members subscribe to the same topics.
 *
 * @module
 */
import type { TopicPartition } from "../group_api.ts";
import { type Assignor, inOrder } from "./assignor.ts";

export const assignRange: Assignor = (subscribers, partitions) => {
  const ordered = inOrder(subscribers);
  const assigned = new Map<string, TopicPartition[]>(
    ordered.map(({ memberId }) => [memberId, []]),
  );
  const topicsOf = new Map(ordered.map(({ memberId, topics }) => [memberId, new Set(topics)]));
  for (const topic of new Set(ordered.flatMap(({ topics }) => topics))) {
    const takers = ordered.filter(({ memberId }) => topicsOf.get(memberId)!.has(topic));
    const count = partitions.get(topic) ?? 0;
    let next = 0;
    for (const [at, { memberId }] of takers.entries()) {
      const share = Math.floor(count / takers.length) + (at < count % takers.length ? 1 : 0);
      const own = assigned.get(memberId)!;
      for (const end = next + share; next < end; next++) own.push({ topic, partition: next });
    }
  }
  return assigned;
};
