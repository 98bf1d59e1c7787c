/**
 * Bodies of text and JSON, scanned by the core: where values begin and end, and lines to records.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { PARTITIONS_MAX } from "../base/limits.ts";
import type { TimestampMs } from "../base/types.ts";
import { type AppendStatus, appendStatus } from "./append_status.ts";
import type { CoreExports, MemoryMap } from "./exports.ts";
import { type EncodedHeaders, encodeHeaders, NO_HEADERS } from "./record_headers.ts";
import type { RecordHeader } from "./record.ts";
import { Status } from "./status.ts";

export interface LineOptions {
  readonly timestamp: TimestampMs;
  readonly key?: Uint8Array | null;
  readonly headers?: readonly RecordHeader[] | EncodedHeaders;
  /** Where to go on after "batch_full" or "no_slot": what was consumed so far. */
  readonly from?: number;
}

export interface LinesAppended {
  /** "ok": all lines are appended. Otherwise the line at `consumed` is not. */
  readonly status: AppendStatus;
  /** Appended by this call. */
  readonly records: number;
  /** Position behind the last line that is done with. */
  readonly consumed: number;
}

/** Elements of one array: bounds the table of their positions. */
const JSON_ELEMENTS_MAX = 1_000_000;

export class TextScanner {
  readonly #core: CoreExports;
  readonly #map: MemoryMap;
  readonly #memory: Uint8Array;

  constructor(core: CoreExports, memory: Uint8Array, map: MemoryMap) {
    this.#core = core;
    this.#map = map;
    this.#memory = memory;
  }

  appendLines(handle: number, bytes: Uint8Array, options: LineOptions): LinesAppended {
    assert(handle >= 0 && handle < PARTITIONS_MAX, "a partition handle is within its limit");
    const { timestamp, key = null, headers = NO_HEADERS, from = 0 } = options;
    const encoded = headers instanceof Uint8Array ? headers : encodeHeaders(headers);
    const keySize = key === null ? -1 : key.length;
    const headersAt = this.#map.IN + Math.max(keySize, 0);
    const start = headersAt + encoded.length;
    const room = this.#map.IN + this.#map.IN_BYTES - start;
    if (room <= 0) return { status: "too_large", records: 0, consumed: from };
    if (key !== null) this.#memory.set(key, this.#map.IN);
    this.#memory.set(encoded, headersAt);

    const [result, counted] = [this.#map.RESULT / 4, new Uint32Array(this.#memory.buffer)];
    let records = 0;
    let consumed = from;
    while (consumed < bytes.length) {
      const piece = bytes.subarray(consumed, consumed + room);
      const last = consumed + piece.length === bytes.length;
      this.#memory.set(piece, start);
      const status = this.#core.appendLines(
        handle,
        start,
        piece.length,
        last ? 1 : 0,
        timestamp,
        this.#map.IN,
        keySize,
        headersAt,
        encoded.length,
      );
      const progress = counted[result]!;
      consumed += progress;
      records += counted[result + 1]!;
      if (status === Status.NEED_MORE) {
        // A line that does not even fit the core fits no batch.
        if (progress === 0) return { status: "too_large", records, consumed };
      } else if (status !== Status.OK) {
        return { status: appendStatus(status), records, consumed };
      }
    }
    return { status: "ok", records, consumed };
  }

  /** Position of the first line that is not one JSON value; -1 where all are. */
  badJsonLine(bytes: Uint8Array): number {
    this.#copyIn(bytes, 0);
    return this.#core.badJsonLine(this.#map.BIG, bytes.length);
  }

  /** Position behind the JSON value at `from`, white space before it skipped; or BAD_JSON. */
  jsonValueEnd(bytes: Uint8Array, from: number): number {
    this.#copyIn(bytes, from);
    const end = this.#core.jsonValueEnd(this.#map.BIG, bytes.length - from);
    return end < 0 ? end : from + end;
  }

  /**
   * Positions of the elements of a JSON array that fills `bytes`: begin and end of each in turn.
   * BAD_JSON where it is none, TOO_LARGE where it has over a million elements.
   */
  jsonElements(bytes: Uint8Array): Uint32Array | number {
    const { BIG, TABLE, TABLE_BYTES, RESULT } = this.#map;
    this.#copyIn(bytes, 0);
    const table = new Uint32Array(this.#memory.buffer, TABLE, TABLE_BYTES / 4);
    const result = new Uint32Array(this.#memory.buffer, RESULT, 1);
    const pages: Uint32Array[] = [];
    let found = 0;
    do {
      const from = pages.length === 0 ? 0 : result[0]!;
      const count = this.#core.jsonElements(BIG, bytes.length, from, TABLE, TABLE_BYTES / 8);
      if (count < 0) return count;
      found += count;
      if (found > JSON_ELEMENTS_MAX) return Status.TOO_LARGE;
      pages.push(table.slice(0, 2 * count));
    } while (result[0]! > 0);
    if (pages.length === 1) return pages[0]!;
    const elements = new Uint32Array(2 * found);
    let at = 0;
    for (const page of pages) {
      elements.set(page, at);
      at += page.length;
    }
    return elements;
  }

  #copyIn(bytes: Uint8Array, from: number): void {
    assert(bytes.length - from <= this.#map.BIG_BYTES, "a body fits the core");
    this.#memory.set(from === 0 ? bytes : bytes.subarray(from), this.#map.BIG);
  }
}
