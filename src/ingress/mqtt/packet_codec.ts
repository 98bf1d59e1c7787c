/**
 * Packets off the fast path, as objects. mqtt-packet reads and writes them; `packet_check.ts` has
 * walked the bytes before, so what the parser still refuses is malformed, whatever it says.
 *
 * @module
 */
import mqttPacket from "mqtt-packet";
import type { Packet } from "mqtt-packet";
import { messageOf } from "../../base/errors.ts";
import { malformed } from "../../protocol/mqtt/packet_check.ts";
import type { ProtocolVersion } from "../../protocol/mqtt/packet_type.ts";

export type { Packet };

// It would keep a Buffer for each 16-bit number: 8 MB, for packets off the fast path.
Object.assign(mqttPacket.writeToStream, { cacheNumbers: false });

/**
 * One whole packet. Byte fields of the result are views of `bytes`.
 *
 * @throws {OperatingError} malformed_packet
 */
export function decodePacket(bytes: Uint8Array, protocolVersion: ProtocolVersion): Packet {
  let packet: Packet | null = null;
  let fault: unknown = null;
  try {
    const parser = mqttPacket.parser({ protocolVersion });
    parser.on("packet", (parsed) => packet = parsed);
    parser.on("error", (error) => fault = error);
    // It takes any Uint8Array; its type says Buffer.
    parser.parse(bytes as Parameters<typeof parser.parse>[0]);
  } catch (error) {
    fault = error;
  }
  if (fault !== null) throw malformed(messageOf(fault));
  if (packet === null) throw malformed("it ends too early");
  return packet;
}

export function encodePacket(packet: Packet, protocolVersion: ProtocolVersion): Uint8Array {
  return mqttPacket.generate(packet, { protocolVersion });
}
