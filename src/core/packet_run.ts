/**
 * PUBLISH packets one behind the other, as a socket takes them, and for each a row:
 *
 *     0  where it begins
 *     1  where its packet identifier goes; 0 with QoS 0
 *     2  offset of its record, from `from` on
 *
 * Several subscribers may be sent of one run: each gets a copy, with identifiers of its own.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import type { BufferPool } from "../base/buffer_pool.ts";
import type { Offset } from "../base/types.ts";

export const ROW_WORDS = 3;

export class PacketRun {
  readonly count: number;
  readonly #from: Offset;
  /** Null once it is used for another one. */
  #bytes: Uint8Array<ArrayBuffer> | null;
  readonly #size: number;
  readonly #rows: Uint32Array;

  constructor(from: Offset, bytes: Uint8Array<ArrayBuffer>, rows: Uint32Array) {
    this.#from = from;
    this.#bytes = bytes;
    this.#size = bytes.length;
    this.#rows = rows;
    this.count = rows.length / ROW_WORDS;
  }

  /** About what it costs in memory. */
  get bytes(): number {
    return (this.#bytes?.buffer.byteLength ?? 0) + this.#rows.byteLength + 128;
  }

  /** Bytes of the largest packet. */
  get largest(): number {
    let largest = 0;
    for (let nth = 0; nth < this.count; nth++) {
      largest = Math.max(largest, this.position(nth + 1) - this.position(nth));
    }
    return largest;
  }

  /** Offset of the nth packet's record. */
  offset(nth: number): Offset {
    return this.#from + this.#rows[ROW_WORDS * nth + 2]!;
  }

  /** Where the nth packet begins; of the one behind the last, where that ends. */
  position(nth: number): number {
    return nth < this.count ? this.#rows[ROW_WORDS * nth]! : this.#size;
  }

  hasPacketId(nth: number): boolean {
    return this.#rows[ROW_WORDS * nth + 1] !== 0;
  }

  /** The first packet whose record is at `offset` or behind it; `count` where there is none. */
  indexOf(offset: Offset): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.offset(middle) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** A copy of some of them at the front of `into`, in which identifiers may be set. */
  copy(first: number, end: number, into: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    assert(this.#bytes !== null, "a run that was released is not sent");
    const [from, to] = [this.position(first), this.position(end)];
    into.set(this.#bytes.subarray(from, to));
    return into.subarray(0, to - from);
  }

  /** Nothing of it is sent any more: its memory is used again. */
  release(buffers: BufferPool): void {
    if (this.#bytes !== null) buffers.give(this.#bytes);
    this.#bytes = null;
  }

  /** Sets the nth packet's identifier in a copy that begins with the packet `first`. */
  setPacketId(
    copy: Uint8Array,
    { first, nth, packetId }: {
      readonly first: number;
      readonly nth: number;
      readonly packetId: number;
    },
  ): void {
    const at = this.#rows[ROW_WORDS * nth + 1]! - this.position(first);
    copy[at] = packetId >>> 8;
    copy[at + 1] = packetId & 0xff;
  }
}
