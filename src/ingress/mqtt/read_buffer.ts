/**
 * Bytes read from one connection and not yet consumed. It starts small, since most connections are
 * idle or send one packet at a time; it grows when reads fill it, and shrinks when they no longer
 * do. An unfinished packet stays at its front, and makes it grow as the packet's bytes arrive, not
 * as its length announces them: memory held is at most twice what was sent.
 *
 * @module
 */
import { assert } from "../../base/assert.ts";
import {
  MQTT_PACKET_BYTES_MAX,
  READ_BUFFER_BYTES_MAX,
  READ_BUFFER_BYTES_MIN,
} from "../../base/limits.ts";
import type { PacketHolder, ReadBudget } from "./read_budget.ts";

/** Reads in a row that used less than a quarter, before the buffer shrinks. */
const QUIET_READS = 16;

export class ReadBuffer {
  #budget: ReadBudget;
  #holder: PacketHolder;
  #packetBytesMax: number;
  #bytes = new Uint8Array(READ_BUFFER_BYTES_MIN);
  #start = 0;
  #end = 0;
  /** Whether the last read filled all there was. */
  #lastFilled = false;
  #quietReads = 0;

  constructor(budget: ReadBudget, holder: PacketHolder, packetBytesMax = MQTT_PACKET_BYTES_MAX) {
    this.#budget = budget;
    this.#holder = holder;
    this.#packetBytesMax = packetBytesMax;
  }

  get capacity(): number {
    return this.#bytes.length;
  }

  get size(): number {
    return this.#end - this.#start;
  }

  /** What was read and not consumed: a view, good until the next `free()`. */
  unread(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  consume(bytes: number): void {
    this.#start += bytes;
    assert(this.#start <= this.#end, "no more is consumed than was read");
    if (this.#start === this.#end) this.#start = this.#end = 0;
  }

  filled(bytes: number): void {
    this.#lastFilled = this.#end + bytes === this.#bytes.length;
    this.#quietReads = bytes < this.#bytes.length / 4 ? this.#quietReads + 1 : 0;
    this.#end += bytes;
    assert(this.#end <= this.#bytes.length, "a read stays inside its buffer");
  }

  /** Where the next read goes; null while an unfinished packet waits for room to grow. */
  free(nowMs: number): Uint8Array | null {
    if (this.size === this.#bytes.length) {
      if (!this.#growForPacket(nowMs)) return null;
    } else {
      this.#fitToNeed();
    }
    if (this.#start > 0) {
      this.#bytes.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    return this.#end === 0 ? this.#bytes : this.#bytes.subarray(this.#end);
  }

  /** Gives everything back; nothing may be read afterwards. */
  close(): void {
    this.#budget.packetDone(this.#holder);
    this.#start = this.#end = 0;
    this.#resize(READ_BUFFER_BYTES_MIN);
  }

  #growForPacket(nowMs: number): boolean {
    const capacity = Math.min(2 * this.#bytes.length, this.#packetBytesMax);
    const extra = capacity - this.#bytes.length;
    assert(extra > 0, "a packet over the limit is refused before its buffer is full");
    if (!this.#budget.takeForPacket(extra, this.#holder, nowMs)) return false;
    this.#replace(capacity);
    return true;
  }

  #fitToNeed(): void {
    const capacity = this.#bytes.length;
    if (capacity > READ_BUFFER_BYTES_MAX && this.size <= READ_BUFFER_BYTES_MAX / 2) {
      // The large packet is through.
      this.#budget.packetDone(this.#holder);
      this.#resize(READ_BUFFER_BYTES_MAX);
    } else if (this.#lastFilled && capacity < READ_BUFFER_BYTES_MAX) {
      const wanted = Math.min(4 * capacity, READ_BUFFER_BYTES_MAX);
      if (this.#budget.takeForSpeed(wanted - capacity)) this.#replace(wanted);
    } else if (
      this.#quietReads >= QUIET_READS && capacity > READ_BUFFER_BYTES_MIN &&
      this.size <= capacity / 2
    ) {
      this.#resize(capacity / 2);
    }
    if (this.size === 0) this.#budget.packetDone(this.#holder);
  }

  #resize(capacity: number): void {
    const freed = this.#bytes.length - capacity;
    this.#replace(capacity);
    if (freed > 0) this.#budget.give(freed);
  }

  #replace(capacity: number): void {
    const bytes = new Uint8Array(capacity);
    const unread = this.unread();
    bytes.set(unread);
    this.#bytes = bytes;
    this.#end = unread.length;
    this.#start = 0;
    this.#quietReads = 0;
    this.#lastFilled = false;
  }
}
