/**
 * From the core's record table to records. `wasm/assembly/record.ts` writes a row per record, all
 * positions counted from the first byte of the records, sizes -1 for null:
 *
 *     0  timestampDelta low, high     2  keyAt     3  keySize     4  valueAt     5  valueSize
 *     6  headersCount, then for each  0  nameAt    1  nameSize    2  valueAt     3  valueSize
 *
 * @module
 */
import type { Offset, TimestampMs } from "../base/types.ts";
import type { DecodedRecord, RecordHeader } from "./record.ts";

const TWO_32 = 2 ** 32;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** What the rows are relative to: from the batch's header. */
export interface BatchBase {
  readonly offset: Offset;
  readonly timestamp: TimestampMs;
  /** What all records say where the broker stamped them; null where each has its own. */
  readonly appendTime: TimestampMs | null;
}

export class RecordTableReader {
  readonly #records: Uint8Array;
  readonly #baseOffset: Offset;
  readonly #baseTimestamp: TimestampMs;
  /** What all records say where the broker stamped them; null where each has its own. */
  readonly #appendTime: TimestampMs | null;
  /** Records of a batch mostly carry the same header names, in the same places. */
  readonly #names: { at: number; size: number; text: string }[] = [];

  constructor(records: Uint8Array, base: BatchBase) {
    this.#records = records;
    this.#baseOffset = base.offset;
    this.#baseTimestamp = base.timestamp;
    this.#appendTime = base.appendTime;
  }

  /** Reads `count` rows into `into`, whose length says which record comes first. */
  read(table: Int32Array, count: number, into: DecodedRecord[]): void {
    let row = 0;
    for (let left = count; left > 0; left--) {
      const headersCount = table[row + 6]!;
      into.push({
        offset: this.#baseOffset + into.length,
        timestamp: this.#appendTime ??
          this.#baseTimestamp + table[row + 1]! * TWO_32 + (table[row]! >>> 0),
        key: this.#slice(table[row + 2]!, table[row + 3]!),
        value: this.#slice(table[row + 4]!, table[row + 5]!),
        headers: this.#headers(table, row + 7, headersCount),
      });
      row += 7 + 4 * headersCount;
    }
  }

  #headers(table: Int32Array, row: number, count: number): RecordHeader[] {
    const headers: RecordHeader[] = [];
    for (let nth = 0; nth < count; nth++, row += 4) {
      const name = this.#name(nth, table[row]!, table[row + 1]!);
      headers.push([name, this.#slice(table[row + 2]!, table[row + 3]!)]);
    }
    return headers;
  }

  #name(nth: number, at: number, size: number): string {
    const last = this.#names[nth];
    if (last !== undefined && last.size === size && this.#same(last.at, at, size)) return last.text;
    const text = decoder.decode(this.#records.subarray(at, at + size));
    this.#names[nth] = { at, size, text };
    return text;
  }

  #same(a: number, b: number, size: number): boolean {
    for (let at = 0; at < size; at++) {
      if (this.#records[a + at] !== this.#records[b + at]) return false;
    }
    return true;
  }

  #slice(at: number, size: number): Uint8Array | null {
    return size < 0 ? null : this.#records.subarray(at, at + size);
  }
}
