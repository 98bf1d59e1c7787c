/**
 * Topic names: what a PUBLISH or a will may say. The bytes are the record's key, so they are
 * checked and kept as they came, never re-encoded.
 *
 * @module
 */
import { decodeUtf8String } from "./utf8_string.ts";

const DOLLAR = 0x24;
const PLUS = 0x2b;
const NUMBER_SIGN = 0x23;

/**
 * The topic name as text, or null when a publisher may not use it: not a UTF-8 string, empty
 * [MQTT-4.7.3-1], with a wildcard [MQTT-3.3.2-2], over `bytesMax`, or one of the server's own that
 * begin with "$" [MQTT-4.7.2-1].
 */
export function decodeTopicName(bytes: Uint8Array, bytesMax: number): string | null {
  if (bytes.length === 0 || bytes.length > bytesMax) return null;
  if (bytes[0] === DOLLAR || hasWildcard(bytes)) return null;
  return decodeUtf8String(bytes);
}

export function hasWildcard(bytes: Uint8Array): boolean {
  return bytes.includes(PLUS) || bytes.includes(NUMBER_SIGN);
}
