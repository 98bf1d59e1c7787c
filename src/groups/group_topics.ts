/**
 * What a coordinator knows of topics: which there are, and how many partitions they have.
 *
 * @module
 */
import type { Offset, TopicId, TopicName } from "../base/types.ts";
import type { Store } from "../store/store.ts";

export interface GroupTopic {
  readonly id: TopicId;
  readonly partitions: readonly {
    readonly logStartOffset: Offset;
    readonly highWatermark: Offset;
  }[];
}

export interface GroupTopics {
  topic(name: TopicName): GroupTopic | undefined;
  /** Whether a topic that is not there may come back as it was: its directory is out of reach. */
  isOutOfReach(name: TopicName): boolean;
}

export function storeTopics(store: Pick<Store, "topic" | "refusalOf">): GroupTopics {
  return {
    topic: (name) => store.topic(name),
    isOutOfReach: (name) => store.refusalOf(name) !== null,
  };
}
