/**
 * A topic: a name, an id, settings, and its partitions. The id tells a topic from an earlier one of
 * the same name, so that a cursor of the one is never taken for a cursor of the other.
 *
 * @module
 */
import { OperatingError } from "../base/errors.ts";
import { TOPIC_NAME_MAX } from "../base/limits.ts";
import type { TopicId, TopicName } from "../base/types.ts";
import type { PartitionLog } from "./partition_log.ts";
import type { TopicSettings } from "./settings.ts";

export interface Topic {
  readonly id: TopicId;
  readonly name: TopicName;
  readonly settings: TopicSettings;
  /** Those of its settings that were chosen for it while the node ran. */
  readonly chosen: Partial<TopicSettings>;
  readonly partitions: readonly PartitionLog[];
}

const NAME = /^[a-zA-Z0-9._-]+$/;

/** @throws {OperatingError} invalid_topic when `name` breaks Kafka's rule. */
export function checkTopicName(name: string): void {
  if (name.length <= TOPIC_NAME_MAX && NAME.test(name) && name !== "." && name !== "..") return;
  throw new OperatingError(
    "invalid_topic",
    `Cannot use topic name "${name.slice(0, TOPIC_NAME_MAX)}": it must be 1 to ${TOPIC_NAME_MAX} ` +
      `characters out of a-z, A-Z, 0-9, ".", "_" and "-", and neither "." nor ".."`,
  );
}

export function unknownTopic(name: string): OperatingError {
  const topic = name.slice(0, TOPIC_NAME_MAX);
  return new OperatingError("unknown_topic", `Cannot find topic "${topic}"`, { topic });
}
