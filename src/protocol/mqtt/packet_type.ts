/**
 * The fixed header of every MQTT packet.
 *
 *     0  type and flags    u8    bits 7-4 type, bits 3-0 flags
 *     1  remaining length  1-4 bytes, 7 bits each, low first; the high bit says "one more"
 *
 * Source: MQTT 3.1.1 §2.2, MQTT 5 §2.1.
 *
 * @module
 */

export const PacketType = {
  Connect: 1,
  Connack: 2,
  Publish: 3,
  Puback: 4,
  Pubrec: 5,
  Pubrel: 6,
  Pubcomp: 7,
  Subscribe: 8,
  Suback: 9,
  Unsubscribe: 10,
  Unsuback: 11,
  Pingreq: 12,
  Pingresp: 13,
  Disconnect: 14,
  Auth: 15,
} as const;

/** 4 is MQTT 3.1.1, 5 is MQTT 5. */
export type ProtocolVersion = 4 | 5;

/** The most a remaining length can say: 268,435,455. */
export const REMAINING_LENGTH_MAX = 0x0fff_ffff;

/** The head of a packet is not all there yet. */
export const HEADER_INCOMPLETE = -1;
/** Four bytes of remaining length and no end: malformed [MQTT-1.5.5-1]. */
export const HEADER_MALFORMED = -2;

/**
 * Size of the whole packet at `at`, header included, or HEADER_INCOMPLETE or HEADER_MALFORMED.
 * The packet itself need not be there yet.
 */
export function packetSize(bytes: Uint8Array, at: number): number {
  let remaining = 0;
  for (let index = 0; index < 4; index++) {
    const byte = bytes[at + 1 + index];
    if (byte === undefined) return HEADER_INCOMPLETE;
    remaining += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return 2 + index + remaining;
  }
  return HEADER_MALFORMED;
}

export function packetType(firstByte: number): number {
  return firstByte >>> 4;
}
