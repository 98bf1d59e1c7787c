/**
 * A message as a subscriber gets it: the record it became, read back. What `publish_headers.ts`
 * puts into a record's headers is taken out of them here.
 *
 *     mqtt.topic               topic name, where the key is not it
 *     mqtt.client_id           who published it; for no-local
 *     mqtt.qos                 "0", "1" or "2"
 *     mqtt.retain              "1"
 *     mqtt.expiry_s            seconds it is good for, from the record's time on
 *     the others               properties of MQTT 5; see publish_properties.ts
 *
 * @module
 */
import { bytesEqual } from "../../../base/bytes.ts";
import type { TimestampMs } from "../../../base/types.ts";
import type { RecordHeader } from "../../../core/record.ts";
import type { QoS } from "./subscription.ts";

/** A record, wherever it is kept. */
export interface MessageRecord {
  readonly timestamp: TimestampMs;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
}

const NOTHING = new Uint8Array(0);
const ZERO = 0x30;
const text = new TextDecoder("utf-8", { ignoreBOM: true });

export class Message {
  readonly topicName: Uint8Array;
  readonly payload: Uint8Array;
  /** As it was published. */
  readonly qos: QoS;
  /** As it was published. */
  readonly retain: boolean;
  readonly timestamp: TimestampMs;
  /** Null where it does not expire. */
  readonly expiryS: number | null;
  /** Whoever published it; null where no MQTT client did. */
  readonly clientId: Uint8Array | null;
  readonly headers: readonly RecordHeader[];

  /** `topicName` is the record's, as `topicNameOf` of its batch found it. */
  constructor(topicName: Uint8Array, record: MessageRecord) {
    const { headers, timestamp, value } = record;
    let qos: QoS = 1; // What came by another door is durable: at least once.
    let retain = false;
    let expiryS: number | null = null;
    let clientId: Uint8Array | null = null;
    for (const [name, bytes] of headers) {
      if (bytes === null) continue;
      if (name === "mqtt.qos") qos = qosOf(bytes) ?? qos;
      else if (name === "mqtt.retain") retain = true;
      else if (name === "mqtt.client_id") clientId = bytes;
      else if (name === "mqtt.expiry_s") expiryS = numberOf(bytes);
    }
    this.topicName = topicName;
    this.payload = value ?? NOTHING;
    this.qos = qos;
    this.retain = retain;
    this.timestamp = timestamp;
    this.expiryS = expiryS;
    this.clientId = clientId;
    this.headers = headers;
  }

  isFrom(clientId: Uint8Array): boolean {
    return this.clientId !== null && bytesEqual(this.clientId, clientId);
  }

  /** Whole seconds it is still good for; null for ever; 0 and less: it is not sent any more. */
  secondsLeft(nowMs: TimestampMs): number | null {
    if (this.expiryS === null) return null;
    // A clock that went back makes nothing younger than it was.
    const waitedS = Math.max(0, Math.floor((nowMs - this.timestamp) / 1000));
    return this.expiryS - waitedS;
  }
}

/** Replication brings headers that this node did not write: whatever they say, it is one of three. */
function qosOf(bytes: Uint8Array): QoS | null {
  const digit = bytes[0];
  return digit === undefined ? null : Math.min(Math.max(digit - ZERO, 0), 2) as QoS;
}

function numberOf(bytes: Uint8Array): number | null {
  const number = Number(text.decode(bytes));
  return Number.isFinite(number) ? number : null;
}
