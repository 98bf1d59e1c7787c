/**
 * DISCONNECT: the client leaves of its own will. Its will is dropped [MQTT-3.14.4-3], unless MQTT 5
 * asks for it with reason code 4; any other code is an end the will is meant for, too.
 *
 * @module
 */
import type { IDisconnectPacket } from "mqtt-packet";
import { checkPacket } from "../../../protocol/mqtt/packet_check.ts";
import { ReasonCode } from "../../../protocol/mqtt/reason_code.ts";
import type { ClientConnection } from "../client_connection.ts";
import { decodePacket } from "../packet_codec.ts";

/** @throws {OperatingError} malformed_packet */
export function handleDisconnect(client: ClientConnection, bytes: Uint8Array): void {
  checkPacket(bytes, client.protocolVersion);
  // Two bytes in MQTT 5 mean reason code 0 and no properties, which the parser does not know.
  if (bytes.length === 2) return client.leave({ keepWill: false });
  const { reasonCode, properties } = decodePacket(
    bytes,
    client.protocolVersion,
  ) as IDisconnectPacket;
  const expiryS = properties?.sessionExpiryInterval;
  client.leave({
    keepWill: reasonCode !== ReasonCode.Success,
    ...(expiryS === undefined ? {} : { sessionExpiryS: expiryS }),
  });
}
