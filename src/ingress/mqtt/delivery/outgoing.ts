/**
 * One message on its way to its subscribers: encoded once for each way in which they want it, and
 * shared by all who want it alike.
 *
 * @module
 */
import type { TimestampMs } from "../../../base/types.ts";
import type { ProtocolVersion } from "../../../protocol/mqtt/packet_type.ts";
import { type EncodedPublish, encodePublish } from "../../../protocol/mqtt/publish_encoder.ts";
import type { Message } from "./message.ts";
import { forwardedProperties } from "./publish_properties.ts";
import type { MessageSource } from "./queue_book.ts";
import type { QoS } from "./subscription.ts";

/** How one subscriber gets it. */
export interface Variant {
  readonly version: ProtocolVersion;
  readonly qos: QoS;
  readonly retain: boolean;
  /** Subscription identifiers; MQTT 5. */
  readonly identifiers: readonly number[];
}

const NOTHING = new Uint8Array(0);
const NO_ALIAS = { alias: 0, named: true } as const;

export class Outgoing {
  readonly message: Message;
  /** Where it can be read again. */
  readonly source: MessageSource;
  #properties: Uint8Array | null = null;
  /** Null where it is for one subscriber alone. */
  readonly #encoded: Map<number | string, EncodedPublish> | null;

  constructor(message: Message, source: MessageSource, options = { shared: true }) {
    this.message = message;
    this.source = source;
    this.#encoded = options.shared ? new Map() : null;
  }

  /** Whether others may be sent the very bytes of a packet. */
  get isShared(): boolean {
    return this.#encoded !== null;
  }

  isExpired(nowMs: TimestampMs): boolean {
    const secondsLeft = this.message.secondsLeft(nowMs);
    return secondsLeft !== null && secondsLeft <= 0;
  }

  /** The packet, without its identifier. It must not be changed: others get it, too. */
  packet(variant: Variant, nowMs: TimestampMs): EncodedPublish {
    if (this.#encoded === null) return this.#encode(variant, nowMs, NO_ALIAS);
    const key = keyOf(variant);
    let packet = this.#encoded.get(key);
    if (packet === undefined) {
      packet = this.#encode(variant, nowMs, NO_ALIAS);
      this.#encoded.set(key, packet);
    }
    return packet;
  }

  /** With a topic alias of one connection, so for it alone. */
  aliased(
    variant: Variant,
    nowMs: TimestampMs,
    how: { readonly alias: number; readonly named: boolean },
  ): EncodedPublish {
    return this.#encode(variant, nowMs, how);
  }

  #encode(
    { version, qos, retain, identifiers }: Variant,
    nowMs: TimestampMs,
    { alias, named }: { readonly alias: number; readonly named: boolean },
  ): EncodedPublish {
    const { message } = this;
    return encodePublish({
      ...{ version, qos, retain, identifiers, alias },
      topicName: named ? message.topicName : NOTHING,
      payload: message.payload,
      properties: version === 5 ? this.#forwarded() : NOTHING,
      expiryS: version === 5 ? secondsToSay(message, nowMs) : null,
    });
  }

  #forwarded(): Uint8Array {
    return this.#properties ??= forwardedProperties(this.message.headers);
  }
}

function keyOf({ version, qos, retain, identifiers }: Variant): number | string {
  const key = (version === 5 ? 8 : 0) | (retain ? 4 : 0) | qos;
  return identifiers.length === 0 ? key : `${key} ${identifiers}`;
}

/** What is sent again may have expired since it was sent first. */
function secondsToSay(message: Message, nowMs: TimestampMs): number | null {
  const secondsLeft = message.secondsLeft(nowMs);
  return secondsLeft === null ? null : Math.max(0, secondsLeft);
}
