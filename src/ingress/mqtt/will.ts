/**
 * A will: what the server publishes for a client that vanished. It becomes a record when the
 * connection ends in any way but a DISCONNECT with reason code 0 [MQTT-3.1.2-8, MQTT-3.14.4-3], or
 * some time after that; see delayed_wills.ts.
 *
 * @module
 */
import type { IConnectPacket } from "mqtt-packet";
import { utf8 } from "../../base/bytes.ts";
import { MQTT_TOPIC_NAME_BYTES_MAX } from "../../base/limits.ts";
import type { ExactBytes } from "../../protocol/mqtt/packet_check.ts";
import { decodeTopicName } from "../../protocol/mqtt/topic_name.ts";
import type { Will } from "./delayed_wills.ts";
import type { Publication } from "./publication.ts";

/** The will of a CONNECT: null without one, "invalid" when its topic name may not be used. */
export function willOf(
  { will }: IConnectPacket,
  exact: ExactBytes,
): Will | null | "invalid" {
  if (will === undefined) return null;
  const topicName = exact.topicName.slice();
  const text = decodeTopicName(topicName, MQTT_TOPIC_NAME_BYTES_MAX);
  if (text === null) return "invalid";
  return {
    topicName: { bytes: topicName, text },
    // The packet's bytes are overwritten by the next read, so what is kept is copied: by a new
    // array, because the parser's are Buffers, of which slice() is a view.
    payload: typeof will.payload === "string" ? utf8(will.payload) : new Uint8Array(will.payload),
    qos: will.qos ?? 0,
    retain: will.retain ?? false,
    delayS: will.properties?.willDelayInterval ?? 0,
    properties: copyBytes(will.properties ?? {}),
    userProperties: exact.userProperties.map(([name, value]) => [name.slice(), value.slice()]),
  };
}

function copyBytes(properties: Publication["properties"]): Publication["properties"] {
  const { correlationData } = properties;
  if (correlationData === undefined) return properties;
  return { ...properties, correlationData: new Uint8Array(correlationData) };
}
