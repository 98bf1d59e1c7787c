/**
 * Under which topic name a record goes to subscribers: that of the publish it was, or, where a
 * route makes the topic name the key of a topic's records, the key of one that came by another
 * door. Null for all others: they were never a message.
 *
 * Headers can be forged at other doors. A name that no client may be sent would make each that is
 * close its connection, and come again for it: so names are looked at once more when subscribers
 * are looked up for them, which is seldom.
 *
 * @module
 */
import { utf8 } from "../../../base/bytes.ts";
import { MQTT_TOPIC_NAME_BYTES_MAX } from "../../../base/limits.ts";
import type { ScannedBatch } from "../../../core/scanned_batch.ts";
import { decodeTopicName, hasWildcard } from "../../../protocol/mqtt/topic_name.ts";
import { decodeUtf8String } from "../../../protocol/mqtt/utf8_string.ts";

const TOPIC_HEADER = utf8("mqtt.topic");
const CLIENT_HEADER = utf8("mqtt.client_id");
const DOLLAR = 0x24;

export function topicOfRecord(
  batch: ScannedBatch,
  nth: number,
  keyIsTopic: boolean,
): Uint8Array | null {
  const said = batch.header(nth, TOPIC_HEADER);
  const key = said === undefined ? batch.key(nth) : said;
  // What the server says of itself is in no log.
  if (key === null || key[0] === DOLLAR) return null;
  if (said !== undefined || batch.header(nth, CLIENT_HEADER) !== undefined) return key;
  return keyIsTopic && decodeTopicName(key, MQTT_TOPIC_NAME_BYTES_MAX) !== null ? key : null;
}

/** Whether a PUBLISH to a client may say that name [MQTT-1.5.4-1, -2, MQTT-3.3.2-2]. */
export function maySay(name: Uint8Array): boolean {
  return name.length > 0 && name.length <= MQTT_TOPIC_NAME_BYTES_MAX && !hasWildcard(name) &&
    decodeUtf8String(name) !== null;
}
