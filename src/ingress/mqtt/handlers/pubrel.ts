/**
 * PUBREL: the client will not send this publish again, so its packet identifier is free once that
 * is durable; PUBCOMP says so [MQTT-4.3.3-11]. Without a sync before PUBCOMP, a crash would bring
 * the identifier back, and the next publish that uses it would be taken for a repeat.
 *
 * @module
 */
import type { IPubrelPacket } from "mqtt-packet";
import { messageOf } from "../../../base/errors.ts";
import { checkPacket } from "../../../protocol/mqtt/packet_check.ts";
import { PacketType } from "../../../protocol/mqtt/packet_type.ts";
import { ReasonCode } from "../../../protocol/mqtt/reason_code.ts";
import { ackPacket } from "../answer_queue.ts";
import type { ClientConnection } from "../client_connection.ts";
import { decodePacket } from "../packet_codec.ts";

/** @throws {OperatingError} malformed_packet */
export function handlePubrel(client: ClientConnection, bytes: Uint8Array): void {
  checkPacket(bytes, client.protocolVersion);
  const { messageId = 0 } = decodePacket(bytes, client.protocolVersion) as IPubrelPacket;
  const released = client.services.qos2.release(client.clientId, messageId);
  if (released === null) {
    // Released before, and the PUBCOMP was lost; or never held.
    const reasonCode = client.protocolVersion === 5 ? ReasonCode.PacketIdentifierNotFound : 0;
    return client.send(ackPacket(PacketType.Pubcomp, messageId, reasonCode));
  }
  released.then(
    () => client.send(ackPacket(PacketType.Pubcomp, messageId)),
    // PUBCOMP has no code for it: the client comes back and releases again.
    (error) => client.fail(ReasonCode.UnspecifiedError, messageOf(error)),
  );
}
