/**
 * Offset index of one segment: sparse, offset to position. One entry stands for each interval of
 * the log; between two entries a reader walks from header to header.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { viewOf } from "../base/bytes.ts";
import type { Offset, Position } from "../base/types.ts";
import { INDEX_TRAILER_SIZE, OFFSET_ENTRY_SIZE } from "../format/index_entry.ts";

export interface OffsetEntry {
  readonly offset: Offset;
  readonly position: Position;
}

export class OffsetIndex {
  readonly baseOffset: Offset;
  readonly #offsets: number[] = [];
  readonly #positions: number[] = [];

  constructor(baseOffset: Offset) {
    this.baseOffset = baseOffset;
  }

  get length(): number {
    return this.#offsets.length;
  }

  /** Position of the last entry; -1 when there is none. */
  get lastPosition(): Position {
    return this.#positions.at(-1) ?? -1;
  }

  add(offset: Offset, position: Position): void {
    assert(position > this.lastPosition, "index entries rise");
    this.#offsets.push(offset - this.baseOffset);
    this.#positions.push(position);
  }

  entry(at: number): OffsetEntry {
    return { offset: this.baseOffset + this.#offsets[at]!, position: this.#positions[at]! };
  }

  /** Number of the last entry at or below `offset`; -1 when there is none. */
  floor(offset: Offset): number {
    const relative = offset - this.baseOffset;
    let low = 0;
    let high = this.#offsets.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#offsets[middle]! <= relative) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Drops entries at or behind `position`. */
  truncate(position: Position): void {
    while (this.lastPosition >= position) {
      this.#positions.pop();
      this.#offsets.pop();
    }
  }

  /** The entries as a file, with room for the trailer. */
  encode(): Uint8Array {
    const file = new Uint8Array(this.length * OFFSET_ENTRY_SIZE + INDEX_TRAILER_SIZE);
    const view = viewOf(file);
    for (let at = 0; at < this.length; at++) {
      view.setUint32(at * OFFSET_ENTRY_SIZE, this.#offsets[at]!);
      view.setUint32(at * OFFSET_ENTRY_SIZE + 4, this.#positions[at]!);
    }
    return file;
  }

  /** Reads `entries` entries; null when they do not rise from the segment's beginning. */
  static decode(file: Uint8Array, entries: number, baseOffset: Offset): OffsetIndex | null {
    const index = new OffsetIndex(baseOffset);
    const view = viewOf(file);
    for (let at = 0; at < entries; at++) {
      const relative = view.getUint32(at * OFFSET_ENTRY_SIZE);
      const position = view.getUint32(at * OFFSET_ENTRY_SIZE + 4);
      if (position <= index.lastPosition) return null;
      if (at > 0 && relative <= index.#offsets[at - 1]!) return null;
      index.#offsets.push(relative);
      index.#positions.push(position);
    }
    return index;
  }
}
