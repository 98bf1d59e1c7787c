/**
 * Under which topic name a record goes to subscribers: that of the publish it was, or, where a
 * route makes the topic name the key of a topic's records, the key of one that came by another
 * door. Null for all others: they were never a message.
 *
 * @module
 */
import { utf8 } from "../../../base/bytes.ts";
import { MQTT_TOPIC_NAME_BYTES_MAX } from "../../../base/limits.ts";
import type { ScannedBatch } from "../../../core/scanned_batch.ts";
import { decodeTopicName } from "../../../protocol/mqtt/topic_name.ts";

const TOPIC_HEADER = utf8("mqtt.topic");
const CLIENT_HEADER = utf8("mqtt.client_id");

export function topicOfRecord(
  batch: ScannedBatch,
  nth: number,
  keyIsTopic: boolean,
): Uint8Array | null {
  const said = batch.header(nth, TOPIC_HEADER);
  if (said !== undefined) return said;
  const key = batch.key(nth);
  if (key === null || batch.header(nth, CLIENT_HEADER) !== undefined) return key;
  return keyIsTopic && decodeTopicName(key, MQTT_TOPIC_NAME_BYTES_MAX) !== null ? key : null;
}
