/**
 * GET /v1/topics and /v1/topics/{topic}.
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";
import { encodeTopicSettings } from "../../store/settings.ts";
import type { Topic } from "../../store/topic.ts";
import type { EgressStore } from "./options.ts";

export function listTopics(store: EgressStore): unknown {
  const topics = [...store.topics()].sort((a, b) => a.name < b.name ? -1 : 1);
  return { topics: topics.map(topicDocument) };
}

export function describeTopic(store: EgressStore, name: string): unknown {
  return topicDocument(topicOf(store, name));
}

/** @throws {OperatingError} unknown_topic; storage_failed where it is there, and out of reach */
export function topicOf(store: EgressStore, name: string): Topic {
  const topic = store.topic(name);
  if (topic !== undefined) return topic;
  const refusal = store.refusalOf(name);
  if (refusal !== null) throw refusal;
  throw new OperatingError("unknown_topic", `Cannot find topic "${name.slice(0, 249)}"`, {
    topic: name.slice(0, 249),
  });
}

export function topicDocument(topic: Topic): unknown {
  return {
    topic: topic.name,
    topic_id: topic.id,
    partitions: topic.partitions.map((log) => ({
      partition: log.index,
      log_start_offset: log.logStartOffset,
      high_watermark: log.highWatermark,
      leader_epoch: log.leaderEpoch,
      bytes: log.bytes,
      gaps: log.gaps,
    })),
    settings: encodeTopicSettings(topic.settings),
    // Of these, the ones that were chosen for it by this API.
    chosen: encodeTopicSettings(topic.chosen),
  };
}
