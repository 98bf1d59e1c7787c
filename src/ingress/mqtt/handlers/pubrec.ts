/**
 * PUBREC: the client holds the message of QoS 2, so it is never published again [MQTT-4.3.3-5];
 * PUBREL says that, once it is kept. A reason code of 0x80 or more ends the exchange.
 *
 * @module
 */
import { readAck } from "../../../protocol/mqtt/ack_packet.ts";
import type { ClientConnection } from "../client_connection.ts";

/** @throws {OperatingError} malformed_packet */
export function handlePubrec(client: ClientConnection, packet: Uint8Array): void {
  const { packetId, reasonCode } = readAck(packet, client.protocolVersion);
  client.queue.outbox.pubrec(packetId, reasonCode);
}
