/**
 * A batch to be looked through: its records as they lie, and where in them everything is. A record
 * becomes an object only when somebody wants it, so that passing over one costs a few reads.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import type { Offset } from "../base/types.ts";
import type { DecodedRecord } from "./record.ts";
import { type BatchBase, RecordTableReader } from "./record_table.ts";

/** Words of a row before its headers, and of each header; record_table.ts draws them. */
const ROW_WORDS = 7;
const HEADER_WORDS = 4;

const NOTHING = new Uint8Array(0);

export class ScannedBatch {
  readonly baseOffset: Offset;
  /** The offset behind the batch. */
  readonly nextOffset: Offset;
  records: Uint8Array = NOTHING;
  #table = new Int32Array(0);
  /** Where the row of each record begins. */
  #rows: number[] = [];
  readonly #base: BatchBase;

  constructor(base: BatchBase, nextOffset: Offset) {
    this.#base = base;
    this.baseOffset = base.offset;
    this.nextOffset = nextOffset;
  }

  get count(): number {
    return this.#rows.length;
  }

  /** About what it costs in memory. */
  get bytes(): number {
    return this.records.length + this.#table.byteLength + 8 * this.#rows.length + 256;
  }

  /** Takes over rows of the core's table, which is used again. */
  addRows(table: Int32Array, count: number): void {
    const before = this.#table.length;
    let words = 0;
    for (let left = count; left > 0; left--) {
      this.#rows.push(before + words);
      words += ROW_WORDS + HEADER_WORDS * table[words + 6]!;
    }
    if (before === 0) {
      this.#table = table.slice(0, words);
      return;
    }
    const joined = new Int32Array(before + words);
    joined.set(this.#table);
    joined.set(table.subarray(0, words), before);
    this.#table = joined;
  }

  /** Key of the nth record; null where it has none. A view. */
  key(nth: number): Uint8Array | null {
    const row = this.#rows[nth]!;
    return this.#view(this.#table[row + 2]!, this.#table[row + 3]!);
  }

  /** Value of the header of that name; undefined where the nth record has no such header. */
  header(nth: number, name: Uint8Array): Uint8Array | null | undefined {
    const row = this.#rows[nth]!;
    const end = row + ROW_WORDS + HEADER_WORDS * this.#table[row + 6]!;
    for (let at = row + ROW_WORDS; at < end; at += HEADER_WORDS) {
      if (this.#table[at + 1] !== name.length || !this.#isAt(this.#table[at]!, name)) continue;
      return this.#view(this.#table[at + 2]!, this.#table[at + 3]!);
    }
    return undefined;
  }

  /** The nth record whole; its bytes are views. */
  record(nth: number): DecodedRecord {
    assert(nth >= 0 && nth < this.count, "the batch has that record");
    const { offset, timestamp, appendTime } = this.#base;
    const reader = new RecordTableReader(this.records, {
      offset: offset + nth,
      timestamp,
      appendTime,
    });
    const one: DecodedRecord[] = [];
    reader.read(this.#table.subarray(this.#rows[nth]!), 1, one);
    return one[0]!;
  }

  #view(at: number, size: number): Uint8Array | null {
    return size < 0 ? null : this.records.subarray(at, at + size);
  }

  #isAt(at: number, bytes: Uint8Array): boolean {
    for (let nth = 0; nth < bytes.length; nth++) {
      if (this.records[at + nth] !== bytes[nth]) return false;
    }
    return true;
  }
}
