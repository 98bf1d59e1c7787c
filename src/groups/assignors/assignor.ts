/**
 * An assignor shares the partitions of topics among the members that subscribed to them: a pure
 * function, so that whoever computes it with the same input gets the same output.
 *
 * @module
 */
import type { TopicName } from "../../base/types.ts";
import type { TopicPartition } from "../group_api.ts";

export type AssignorName = "range" | "sticky";

export interface Subscriber {
  readonly memberId: string;
  /** Sorts members where it is there: a static member keeps its share when its id changes. */
  readonly instanceId: string | null;
  readonly topics: readonly TopicName[];
  /** What it had in the generation before. */
  readonly owned: readonly TopicPartition[];
}

/** Partitions of each topic; a topic that is not there has none. */
export type PartitionCounts = ReadonlyMap<TopicName, number>;

/** Every partition of a topic somebody subscribed to goes to exactly one who did. */
export type Assignor = (
  subscribers: readonly Subscriber[],
  partitions: PartitionCounts,
) => Map<string, TopicPartition[]>;

/** Members in an order that does not depend on who came first. */
export function inOrder(subscribers: readonly Subscriber[]): Subscriber[] {
  const key = ({ instanceId, memberId }: Subscriber) => instanceId ?? memberId;
  return subscribers.toSorted((a, b) => compareTexts(key(a), key(b)));
}

export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
