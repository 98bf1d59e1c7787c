/**
 * GET /topics and what is under it: topics as Confluent's REST Proxy v2 and Strimzi's bridge describe
 * them. There is one broker, this node, and it leads everything.
 *
 * @module
 */
import { restError } from "../../../protocol/http/rest_error.ts";
import { encodeTopicSettings } from "../../../store/settings.ts";
import type { Topic } from "../../../store/topic.ts";
import type { EgressStore } from "../options.ts";
import { topicOf } from "../topics.ts";

const BROKER = 0;
const REPLICAS = [{ broker: BROKER, leader: true, in_sync: true }];

export function restTopics(store: EgressStore): unknown {
  return store.topics().map(({ name }) => name).toSorted();
}

/** @throws {OperatingError} unknown_topic */
export function restTopic(store: EgressStore, name: string): unknown {
  const topic = topicOf(store, name);
  const settings = Object.entries(encodeTopicSettings(topic.settings))
    .map(([setting, value]) => [setting.replaceAll("_", "."), String(value)]);
  return {
    name: topic.name,
    configs: Object.fromEntries(settings),
    partitions: topic.partitions.map(partitionDocument),
  };
}

/** @throws {OperatingError} unknown_topic */
export function restPartitions(store: EgressStore, name: string): unknown {
  return topicOf(store, name).partitions.map(partitionDocument);
}

/** @throws {OperatingError} unknown_topic, 40402 */
export function restPartition(store: EgressStore, place: RestPlace): unknown {
  return partitionDocument(logOf(store, place));
}

/** @throws {OperatingError} unknown_topic, 40402 */
export function restOffsets(store: EgressStore, place: RestPlace): unknown {
  const log = logOf(store, place);
  return { beginning_offset: log.logStartOffset, end_offset: log.highWatermark };
}

interface RestPlace {
  readonly topic: string;
  readonly partition: string;
}

function logOf(store: EgressStore, { topic: name, partition }: RestPlace) {
  const topic: Topic = topicOf(store, name);
  const log = /^[0-9]{1,4}$/.test(partition) ? topic.partitions[Number(partition)] : undefined;
  if (log !== undefined) return log;
  throw restError(
    40402,
    `Cannot find partition "${partition.slice(0, 20)}" of ${topic.name}: it has ` +
      `${topic.partitions.length}`,
  );
}

function partitionDocument({ index }: { readonly index: number }): unknown {
  return { partition: index, leader: BROKER, replicas: REPLICAS };
}
