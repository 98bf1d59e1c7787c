/**
 * UNSUBSCRIBE: nothing new is sent for these filters; what is in flight goes its way
 * [MQTT-3.10.4-2, -3]. Durable before UNSUBACK, where the session outlives its connection.
 *
 * @module
 */
import type { IUnsubscribePacket } from "mqtt-packet";
import { isOperatingError } from "../../../base/errors.ts";
import { checkPacket } from "../../../protocol/mqtt/packet_check.ts";
import { ReasonCode, reasonCodeOf } from "../../../protocol/mqtt/reason_code.ts";
import type { ClientConnection } from "../client_connection.ts";
import { decodePacket, encodePacket } from "../packet_codec.ts";

/** @throws {OperatingError} malformed_packet */
export function handleUnsubscribe(
  client: ClientConnection,
  bytes: Uint8Array,
): Promise<void> | void {
  const { protocolVersion, queue } = client;
  checkPacket(bytes, protocolVersion);
  const { messageId, unsubscriptions } = decodePacket(
    bytes,
    protocolVersion,
  ) as IUnsubscribePacket;
  const codes = unsubscriptions.map((filter) =>
    queue.unsubscribe(filter) ? ReasonCode.Success : ReasonCode.NoSubscriptionExisted
  );
  const answer = (granted: number[]) =>
    client.send(encodePacket({ cmd: "unsuback", messageId: messageId!, granted }, protocolVersion));
  if (!queue.lasting) return answer(codes);
  return queue.kept().then(
    () => answer(codes),
    (error) => {
      if (!isOperatingError(error)) throw error;
      // 3.1.1 has no failure here: it unsubscribed, and a crash may bring the filter back.
      answer(codes.map(() => reasonCodeOf(error.code)));
    },
  );
}
