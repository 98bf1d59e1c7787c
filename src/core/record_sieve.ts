/**
 * The records of a batch that a reader wants, and only those: the core looks through all of them
 * where they lie, and copies out what is asked for. `wasm/assembly/filter.ts` draws what it is told.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { viewOf } from "../base/bytes.ts";
import type { Offset, TimestampMs } from "../base/types.ts";
import { baseOf, type BatchReader, corrupt, countOf } from "./batch_reader.ts";
import type { CoreExports, MemoryMap } from "./exports.ts";
import type { DecodedRecord } from "./record.ts";
import { RecordTableReader } from "./record_table.ts";

/** All of it must hold; null asks for nothing. */
export interface FilterTerms {
  /** The key, whole. */
  readonly key: Uint8Array | null;
  /** For each, some header of that name has that value, whole. */
  readonly headers: readonly { readonly name: Uint8Array; readonly value: Uint8Array }[];
  /** Bytes that stand in the value. */
  readonly contains: Uint8Array | null;
  /** The lowest timestamp. */
  readonly since: TimestampMs | null;
  /** The timestamp that all are below. */
  readonly until: TimestampMs | null;
}

export interface FilterOptions {
  readonly terms: FilterTerms;
  /** The first offset that is wanted. */
  readonly from: Offset;
  /** Records that are enough: the rest is not looked at. */
  readonly recordsMax: number;
  /** The records of a batch that the core cannot inflate. */
  readonly inflated?: Uint8Array | undefined;
}

const SINCE_AT = 0;
const UNTIL_AT = 8;
const KEY_SIZE_AT = 16;
const KEY_AT = 20;
const PART_SIZE_AT = 24;
const PART_AT = 28;
const HEADERS_COUNT_AT = 32;
const BASE_TIMESTAMP_AT = 40;
const HEADERS_AT = 48;
const HEADER_SIZE = 16;

/** Words before a row of the record table, and of the row; record_table.ts draws it. */
const PLACE_WORDS = 3;
const ROW_WORDS = 7;
const HEADER_WORDS = 4;

const BATCH_BASE_TIMESTAMP_AT = 27;

export class RecordSieve {
  readonly #core: CoreExports;
  readonly #map: MemoryMap;
  readonly #memory: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #result: Uint32Array;
  readonly #table: Int32Array;
  /** What lies in the core's memory. */
  #told: FilterTerms | null = null;

  constructor(core: CoreExports, memory: Uint8Array<ArrayBuffer>, map: MemoryMap) {
    this.#core = core;
    this.#memory = memory;
    this.#map = map;
    this.#view = new DataView(memory.buffer, map.FILTER, map.FILTER_BYTES);
    this.#result = new Uint32Array(memory.buffer, map.RESULT, 64);
    this.#table = new Int32Array(memory.buffer, map.TABLE, map.TABLE_BYTES / 4);
  }

  /**
   * The records that are wanted, each with bytes of its own; of a batch whose checksum was verified.
   *
   * @throws {OperatingError} corrupt_batch, where it is met before there are enough records
   */
  filter(batch: Uint8Array, options: FilterOptions, batches: BatchReader): DecodedRecord[] {
    const { terms, from, recordsMax, inflated } = options;
    const base = baseOf(batch);
    const count = countOf(batch);
    const found: DecodedRecord[] = [];
    const first = Math.max(0, from - base.offset);
    if (count === 0 || first >= count || recordsMax < 1) return found;
    if (!this.#tell(batch, terms, base.appendTime)) return found;
    const { start, size } = batches.open(batch, inflated);
    let position = 0;
    let index = 0;
    do {
      const rowsMax = Math.min(recordsMax - found.length, count);
      const rows = this.#core.filterRecords(start, size, position, index, count, first, rowsMax);
      if (rows < 0) throw corrupt(rows);
      position = this.#result[0]!;
      index += this.#result[1]!;
      this.#take(start, rows, (number, bytes, row) => {
        const reader = new RecordTableReader(bytes, { ...base, offset: base.offset + number });
        const one: DecodedRecord[] = [];
        reader.read(row, 1, one);
        found.push(one[0]!);
      });
    } while (index < count && found.length < recordsMax);
    return found;
  }

  #take(
    start: number,
    rows: number,
    take: (number: number, bytes: Uint8Array, row: Int32Array) => void,
  ): void {
    for (let at = 0, left = rows; left > 0; left--) {
      const from = start + this.#table[at + 1]!;
      const bytes = this.#memory.slice(from, from + this.#table[at + 2]!);
      const row = at + PLACE_WORDS;
      take(this.#table[at]!, bytes, this.#table.subarray(row));
      at = row + ROW_WORDS + HEADER_WORDS * this.#table[row + 6]!;
    }
  }

  /** Writes what is asked for, as far as it is not there; false where the batch holds none of it. */
  #tell(batch: Uint8Array, terms: FilterTerms, appendTime: TimestampMs | null): boolean {
    if (this.#told !== terms) this.#write(terms);
    const since = terms.since ?? -Infinity;
    const until = terms.until ?? Infinity;
    // Where the broker stamped a batch, what its records say does not count.
    const stamped = appendTime !== null;
    if (stamped && (appendTime < since || appendTime >= until)) return false;
    this.#view.setFloat64(SINCE_AT, stamped ? -Infinity : since, true);
    this.#view.setFloat64(UNTIL_AT, stamped ? Infinity : until, true);
    const baseTimestamp = viewOf(batch).getBigInt64(BATCH_BASE_TIMESTAMP_AT);
    this.#view.setBigInt64(BASE_TIMESTAMP_AT, baseTimestamp, true);
    return true;
  }

  #write(terms: FilterTerms): void {
    this.#told = null;
    const { key, contains, headers } = terms;
    let end = HEADERS_AT + HEADER_SIZE * headers.length;
    const put = (bytes: Uint8Array): number => {
      assert(end + bytes.length <= this.#map.FILTER_BYTES, "a filter fits its place");
      const at = this.#map.FILTER + end;
      this.#memory.set(bytes, at);
      end += bytes.length;
      return at;
    };
    const word = (at: number, value: number) => this.#view.setInt32(at, value, true);
    word(KEY_SIZE_AT, key?.length ?? -1);
    if (key !== null) word(KEY_AT, put(key));
    word(PART_SIZE_AT, contains?.length ?? 0);
    if (contains !== null) word(PART_AT, put(contains));
    word(HEADERS_COUNT_AT, headers.length);
    headers.forEach(({ name, value }, nth) => {
      const at = HEADERS_AT + HEADER_SIZE * nth;
      word(at, put(name));
      word(at + 4, name.length);
      word(at + 8, put(value));
      word(at + 12, value.length);
    });
    this.#told = terms;
  }
}
