/**
 * PUBACK: the client has the message of QoS 1, whatever its reason code says. They come by the
 * hundred, so short ones in a row are taken in one go.
 *
 * @module
 */
import {
  readAck,
  SHORT_BYTES,
  shortPacketId,
  shortPubacksSize,
} from "../../../protocol/mqtt/ack_packet.ts";
import type { ClientConnection } from "../client_connection.ts";

/** @throws {OperatingError} malformed_packet */
export function handlePuback(client: ClientConnection, packets: Uint8Array): void {
  const { outbox } = client.queue;
  const size = shortPubacksSize(packets);
  if (size === 0) outbox.puback(readAck(packets, client.protocolVersion).packetId);
  for (let at = 0; at < size; at += SHORT_BYTES) outbox.puback(shortPacketId(packets, at));
  outbox.pubacksEnd();
}
