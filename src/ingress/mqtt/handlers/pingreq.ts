/** PINGREQ: answered at once, whatever the disk does [MQTT-3.12.4-1]. @module */
import { checkPacket } from "../../../protocol/mqtt/packet_check.ts";
import { PacketType } from "../../../protocol/mqtt/packet_type.ts";
import type { ClientConnection } from "../client_connection.ts";

const PINGRESP = Uint8Array.of(PacketType.Pingresp << 4, 0);

/** @throws {OperatingError} malformed_packet */
export function handlePingreq(client: ClientConnection, bytes: Uint8Array): void {
  checkPacket(bytes, client.protocolVersion);
  client.send(PINGRESP);
}
