/**
 * MQTT's UTF-8 strings: well-formed, no encoded surrogates, no U+0000 [MQTT-1.5.4-1, -2].
 * A byte order mark is kept as the character it is [MQTT-1.5.4-3].
 *
 * @module
 */

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text, or null when the bytes are not a UTF-8 string as MQTT allows it. */
export function decodeUtf8String(bytes: Uint8Array): string | null {
  if (bytes.includes(0)) return null;
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
}
