/**
 * Counts the PUBLISH packets that begin in a stream of MQTT packets, from their fixed headers alone:
 *
 *     byte 0     type in the upper four bits, PUBLISH is 3
 *     1 to 4     remaining length, seven bits each, the lowest first, 0x80: more follow
 *     …          so many bytes to pass over
 *
 * @module
 */
import { PacketType } from "../../protocol/mqtt/packet_type.ts";

export class PublishCounter {
  /** Bytes of the packet at hand still to be passed over; -1 inside a length, -2 before a packet. */
  #left = -2;
  #length = 0;
  #shift = 0;

  /** How many began in these bytes. */
  count(bytes: Uint8Array): number {
    let publishes = 0;
    let at = 0;
    while (at < bytes.length) {
      if (this.#left > 0) {
        const passed = Math.min(this.#left, bytes.length - at);
        at += passed;
        this.#left -= passed;
        if (this.#left === 0) this.#left = -2;
      } else if (this.#left === -2) {
        if (bytes[at++]! >>> 4 === PacketType.Publish) publishes += 1;
        this.#length = this.#shift = 0;
        this.#left = -1;
      } else {
        this.#takeLength(bytes[at++]!);
      }
    }
    return publishes;
  }

  #takeLength(byte: number): void {
    this.#length += (byte & 0x7f) * 2 ** this.#shift;
    this.#shift += 7;
    if ((byte & 0x80) !== 0) return;
    this.#left = this.#length === 0 ? -2 : this.#length;
  }
}
