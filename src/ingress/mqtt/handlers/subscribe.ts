/**
 * SUBSCRIBE and UNSUBSCRIBE: nothing is delivered over MQTT yet, so each filter is refused, and
 * the connection stays: many clients publish and subscribe on one. MQTT 5 is told which filters
 * could never be granted.
 *
 * @module
 */
import type { ISubscribePacket, IUnsubscribePacket } from "mqtt-packet";
import { checkPacket } from "../../../protocol/mqtt/packet_check.ts";
import { ReasonCode } from "../../../protocol/mqtt/reason_code.ts";
import { TopicFilter } from "../../../protocol/mqtt/topic_filter.ts";
import type { ClientConnection } from "../client_connection.ts";
import { decodePacket, encodePacket } from "../packet_codec.ts";

/** MQTT 3.1.1 has one failure [MQTT-3.9.3-2]. */
const FAILURE = 0x80;

/** @throws {OperatingError} malformed_packet */
export function handleSubscribe(client: ClientConnection, bytes: Uint8Array): void {
  const { protocolVersion } = client;
  checkPacket(bytes, protocolVersion);
  const { messageId, subscriptions } = decodePacket(bytes, protocolVersion) as ISubscribePacket;
  // One for each, in order [MQTT-3.8.4-6].
  const granted = subscriptions.map(({ topic }) => {
    if (protocolVersion !== 5) return FAILURE;
    return TopicFilter.isValid(topic) ? ReasonCode.QuotaExceeded : ReasonCode.TopicFilterInvalid;
  });
  client.send(encodePacket({ cmd: "suback", messageId: messageId!, granted }, protocolVersion));
}

/** @throws {OperatingError} malformed_packet */
export function handleUnsubscribe(client: ClientConnection, bytes: Uint8Array): void {
  const { protocolVersion } = client;
  checkPacket(bytes, protocolVersion);
  const packet = decodePacket(bytes, protocolVersion) as IUnsubscribePacket;
  const granted = packet.unsubscriptions.map(() => ReasonCode.NoSubscriptionExisted);
  client.send(
    encodePacket({ cmd: "unsuback", messageId: packet.messageId!, granted }, protocolVersion),
  );
}
