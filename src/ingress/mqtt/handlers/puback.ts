/** PUBACK: the client has the message of QoS 1, whatever its reason code says. @module */
import { readAck } from "../../../protocol/mqtt/ack_packet.ts";
import type { ClientConnection } from "../client_connection.ts";

/** @throws {OperatingError} malformed_packet */
export function handlePuback(client: ClientConnection, packet: Uint8Array): void {
  client.queue.outbox.puback(readAck(packet, client.protocolVersion).packetId);
}
