/** From a packet's type to its handler, and nothing else. @module */
import { malformed } from "../../../protocol/mqtt/packet_check.ts";
import { PacketType, packetType } from "../../../protocol/mqtt/packet_type.ts";
import { ReasonCode } from "../../../protocol/mqtt/reason_code.ts";
import type { ClientConnection } from "../client_connection.ts";
import { handleDisconnect } from "./disconnect.ts";
import { handlePingreq } from "./pingreq.ts";
import { handlePuback } from "./puback.ts";
import { handlePubcomp } from "./pubcomp.ts";
import { handlePublish } from "./publish.ts";
import { handlePubrec } from "./pubrec.ts";
import { handlePubrel } from "./pubrel.ts";
import { handleSubscribe } from "./subscribe.ts";
import { handleUnsubscribe } from "./unsubscribe.ts";

/** @throws {OperatingError} malformed_packet */
export function handlePacket(client: ClientConnection, packet: Uint8Array): Promise<void> | void {
  switch (packetType(packet[0]!)) {
    case PacketType.Publish:
      return handlePublish(client, packet);
    case PacketType.Puback:
      return handlePuback(client, packet);
    case PacketType.Pubrec:
      return handlePubrec(client, packet);
    case PacketType.Pubcomp:
      return handlePubcomp(client, packet);
    case PacketType.Pubrel:
      return handlePubrel(client, packet);
    case PacketType.Subscribe:
      return handleSubscribe(client, packet);
    case PacketType.Unsubscribe:
      return handleUnsubscribe(client, packet);
    case PacketType.Pingreq:
      return handlePingreq(client, packet);
    case PacketType.Disconnect:
      return handleDisconnect(client, packet);
    case PacketType.Connect:
      throw malformed("a second CONNECT", ReasonCode.ProtocolError); // [MQTT-3.1.0-2]
    default:
      // AUTH was not agreed on; the others are what a server sends.
      throw malformed("a packet nobody asked for", ReasonCode.ProtocolError);
  }
}
