/**
 * Properties of MQTT 5 that travel with a message from publisher to subscriber unaltered
 * [MQTT-3.3.2-4, -15, -16, -17, -18, -20], out of the headers of its record and into the bytes of
 * a PUBLISH.
 *
 *     mqtt.payload_format      0x01  byte
 *     content-type             0x03  string
 *     mqtt.response_topic      0x08  string
 *     mqtt.correlation_data    0x09  binary
 *     mqtt.user.NAME           0x26  pair of strings, in their order
 *
 * The message expiry interval counts down, so it is written when the message is sent.
 *
 * @module
 */
import { concat, utf8 } from "../../../base/bytes.ts";
import type { RecordHeader } from "../../../core/record.ts";
import { hasWildcard } from "../../../protocol/mqtt/topic_name.ts";
import { decodeUtf8String } from "../../../protocol/mqtt/utf8_string.ts";

const PROPERTY_OF = new Map<string, number>([
  ["content-type", 0x03],
  ["mqtt.response_topic", 0x08],
  ["mqtt.correlation_data", 0x09],
]);
const PAYLOAD_FORMAT = 0x01;
const RESPONSE_TOPIC = 0x08;
const BINARY = 0x09;
const USER_PROPERTY = 0x26;
const USER_PREFIX = "mqtt.user.";
const SIZED_BYTES_MAX = 65_535;
const ONE = 0x31;
const NOTHING = new Uint8Array(0);

/** What cannot be said in MQTT is left out: a record may come by another door. */
export function forwardedProperties(headers: readonly RecordHeader[]): Uint8Array {
  const parts: Uint8Array[] = [];
  /** All but user properties may be said once: the first counts. */
  const said = new Set<number>();
  for (const [name, value] of headers) {
    if (value === null) continue;
    if (name === "mqtt.payload_format") {
      if (said.has(PAYLOAD_FORMAT)) continue;
      said.add(PAYLOAD_FORMAT);
      parts.push(Uint8Array.of(PAYLOAD_FORMAT, value[0] === ONE ? 1 : 0));
    } else if (name.startsWith(USER_PREFIX)) {
      const user = utf8(name.slice(USER_PREFIX.length));
      if (!isString(value) || !isString(user)) continue;
      parts.push(Uint8Array.of(USER_PROPERTY), sized(user), sized(value));
    } else {
      const identifier = PROPERTY_OF.get(name);
      if (identifier === undefined || value.length > SIZED_BYTES_MAX) continue;
      if (said.has(identifier) || (identifier !== BINARY && !isString(value))) continue;
      if (identifier === RESPONSE_TOPIC && hasWildcard(value)) continue; // [MQTT-3.3.2-14]
      said.add(identifier);
      parts.push(Uint8Array.of(identifier), sized(value));
    }
  }
  return parts.length === 0 ? NOTHING : concat(parts);
}

function isString(bytes: Uint8Array): boolean {
  return bytes.length <= SIZED_BYTES_MAX && decodeUtf8String(bytes) !== null;
}

function sized(bytes: Uint8Array): Uint8Array {
  return concat([Uint8Array.of(bytes.length >>> 8, bytes.length & 0xff), bytes]);
}
