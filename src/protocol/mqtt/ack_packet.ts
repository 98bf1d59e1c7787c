/**
 * PUBACK, PUBREC, PUBREL and PUBCOMP as a client sends them: they come by the thousand, so they are
 * read by hand.
 *
 *     0  type and flags      u8
 *     1  remaining length    2; MQTT 5 also 3 and more
 *     2  packet identifier   u16, not 0
 *     4  reason code         u8    MQTT 5, where the remaining length is 3 or more
 *     5  properties          MQTT 5, where it is 4 or more
 *
 * Source: MQTT 3.1.1 and 5, sections 3.4 to 3.7.
 *
 * @module
 */
import { checkPacket } from "./packet_check.ts";
import type { ProtocolVersion } from "./packet_type.ts";

export interface AckPacket {
  readonly packetId: number;
  readonly reasonCode: number;
}

/** Without a reason code. */
export const SHORT_BYTES = 4;
const PUBACK = 0x40;

/** @throws {OperatingError} malformed_packet */
export function readAck(packet: Uint8Array, version: ProtocolVersion): AckPacket {
  // A remaining length may be written in more bytes than it needs; so the short form is told by both.
  const isShort = packet.length === SHORT_BYTES && packet[1] === 2;
  const packetId = isShort ? packet[2]! * 256 + packet[3]! : 0;
  const hasFlags = (packet[0]! & 0x0f) === (packet[0]! >>> 4 === 6 ? 2 : 0);
  if (packetId > 0 && hasFlags) return { packetId, reasonCode: 0 };
  checkPacket(packet, version);
  let at = 1;
  while (packet[at]! >= 0x80) at++;
  return {
    packetId: packet[at + 1]! * 256 + packet[at + 2]!,
    reasonCode: packet[at + 3] ?? 0,
  };
}

/** Bytes of the whole PUBACKs in their short form, one after the other, that `bytes` begin with. */
export function shortPubacksSize(bytes: Uint8Array): number {
  let size = 0;
  while (
    size + SHORT_BYTES <= bytes.length && bytes[size] === PUBACK && bytes[size + 1] === 2 &&
    (bytes[size + 2]! | bytes[size + 3]!) !== 0
  ) size += SHORT_BYTES;
  return size;
}

/** Packet identifier of the short one at `position`. */
export function shortPacketId(bytes: Uint8Array, position: number): number {
  return bytes[position + 2]! * 256 + bytes[position + 3]!;
}
