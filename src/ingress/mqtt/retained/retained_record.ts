/**
 * What is kept of a message that is retained: the record it would be, its topic name aside.
 *
 * @module
 */
import type { TimestampMs } from "../../../base/types.ts";
import type { MqttMessageRow } from "../../../store/mqtt_book.ts";
import type { Publication } from "../publication.ts";
import { publishHeaders } from "../publish_headers.ts";

export interface RetainedMessage {
  readonly record: MqttMessageRow;
  /** Null where it does not expire. */
  readonly expiresMs: TimestampMs | null;
}

/**
 * Copies what it keeps: the packet's bytes are overwritten by the next read. By new arrays, because
 * the parser's are Buffers, of which slice() is a view.
 */
export function retainedOf(
  publication: Publication & { readonly clientId: string; readonly timestamp: TimestampMs },
): RetainedMessage {
  const { timestamp, payload, properties: { messageExpiryInterval } } = publication;
  const headers = publishHeaders({ ...publication, topicName: null });
  return {
    record: {
      timestamp,
      key: null,
      value: new Uint8Array(payload),
      headers: headers.map(([name, value]) => [name, value && new Uint8Array(value)]),
    },
    expiresMs: messageExpiryInterval === undefined
      ? null
      : timestamp + messageExpiryInterval * 1000,
  };
}
