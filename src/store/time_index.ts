/**
 * Time index of one segment: sparse, the largest timestamp of each interval of the log. Devices'
 * clocks lie, so no order is assumed: a lookup asks which intervals can hold a time, oldest first.
 *
 * @module
 */
import { viewOf } from "../base/bytes.ts";
import type { Offset, TimestampMs } from "../base/types.ts";
import { INDEX_TRAILER_SIZE, TIME_ENTRY_SIZE } from "../format/index_entry.ts";

export class TimeIndex {
  readonly baseOffset: Offset;
  readonly #maxTimestamps: number[] = [];
  readonly #offsets: number[] = [];

  constructor(baseOffset: Offset) {
    this.baseOffset = baseOffset;
  }

  get length(): number {
    return this.#offsets.length;
  }

  /** Opens an interval whose first batch is at `offset`. */
  add(offset: Offset, maxTimestamp: TimestampMs): void {
    this.#offsets.push(offset - this.baseOffset);
    this.#maxTimestamps.push(maxTimestamp);
  }

  /** Counts one more batch into the last interval. */
  raise(maxTimestamp: TimestampMs): void {
    const last = this.#maxTimestamps.length - 1;
    if (maxTimestamp > this.#maxTimestamps[last]!) this.#maxTimestamps[last] = maxTimestamp;
  }

  /** Number of the first interval at or after `from` with a timestamp of at least `timestamp`. */
  search(timestamp: TimestampMs, from: number): number {
    for (let at = from; at < this.length; at++) {
      if (this.#maxTimestamps[at]! >= timestamp) return at;
    }
    return -1;
  }

  /** Keeps the first `length` intervals. */
  truncate(length: number): void {
    this.#offsets.length = Math.min(length, this.#offsets.length);
    this.#maxTimestamps.length = this.#offsets.length;
  }

  /** The entries as a file, with room for the trailer. */
  encode(): Uint8Array {
    const file = new Uint8Array(this.length * TIME_ENTRY_SIZE + INDEX_TRAILER_SIZE);
    const view = viewOf(file);
    for (let at = 0; at < this.length; at++) {
      view.setBigInt64(at * TIME_ENTRY_SIZE, BigInt(this.#maxTimestamps[at]!));
      view.setUint32(at * TIME_ENTRY_SIZE + 8, this.#offsets[at]!);
    }
    return file;
  }

  static decode(file: Uint8Array, entries: number, baseOffset: Offset): TimeIndex {
    const index = new TimeIndex(baseOffset);
    const view = viewOf(file);
    for (let at = 0; at < entries; at++) {
      index.#maxTimestamps.push(Number(view.getBigInt64(at * TIME_ENTRY_SIZE)));
      index.#offsets.push(view.getUint32(at * TIME_ENTRY_SIZE + 8));
    }
    return index;
  }
}
