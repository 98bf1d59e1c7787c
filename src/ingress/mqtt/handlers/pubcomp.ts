/** PUBCOMP: the exchange of QoS 2 is over, and its packet identifier is free. @module */
import { readAck } from "../../../protocol/mqtt/ack_packet.ts";
import type { ClientConnection } from "../client_connection.ts";

/** @throws {OperatingError} malformed_packet */
export function handlePubcomp(client: ClientConnection, packet: Uint8Array): void {
  client.queue.outbox.pubcomp(readAck(packet, client.protocolVersion).packetId);
}
