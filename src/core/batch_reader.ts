/**
 * The records of whole batches: as objects, one by one, or where they lie, to be looked through
 * for the few that matter.
 *
 * @module
 */
import { viewOf } from "../base/bytes.ts";
import { OperatingError } from "../base/errors.ts";
import { BATCH_HEADER_BYTES, BATCH_RECORDS_MAX } from "../base/limits.ts";
import type { Offset } from "../base/types.ts";
import type { CoreExports, MemoryMap } from "./exports.ts";
import type { DecodedRecord } from "./record.ts";
import { type BatchBase, RecordTableReader } from "./record_table.ts";
import { ScannedBatch } from "./scanned_batch.ts";
import { Status, statusName } from "./status.ts";

const CONTROL_FLAG = 0x20;
const APPEND_TIME_FLAG = 0x08;
const LAST_OFFSET_DELTA_AT = 23;
const RECORDS_COUNT_AT = 57;

/** A batch's records, in the core's memory until the next call that writes there. */
export interface OpenedRecords {
  readonly baseOffset: Offset;
  readonly nextOffset: Offset;
  readonly start: number;
  readonly size: number;
  /** 0 in a control batch. */
  readonly count: number;
}

export class BatchReader {
  readonly #core: CoreExports;
  readonly #map: MemoryMap;
  readonly #memory: Uint8Array<ArrayBuffer>;
  readonly #result: Uint32Array;
  readonly #table: Int32Array;

  constructor(core: CoreExports, memory: Uint8Array<ArrayBuffer>, map: MemoryMap) {
    this.#core = core;
    this.#memory = memory;
    this.#map = map;
    this.#result = new Uint32Array(memory.buffer, map.RESULT, 64);
    this.#table = new Int32Array(memory.buffer, map.TABLE, map.TABLE_BYTES / 4);
  }

  /**
   * The records of a batch whose checksum was verified; none for a control batch. gzip and zstd
   * need their records inflated by the caller.
   *
   * @throws {OperatingError} corrupt_batch
   */
  decode(batch: Uint8Array, inflatedRecords?: Uint8Array): DecodedRecord[] {
    const base = baseOf(batch);
    const count = countOf(batch);
    if (count === 0) return [];
    const { start, size } = this.open(batch, inflatedRecords);
    const reader = new RecordTableReader(this.#memory.slice(start, start + size), base);
    const records: DecodedRecord[] = [];
    this.#walk({ start, size, count }, (rows) => reader.read(this.#table, rows, records));
    return records;
  }

  /**
   * The same, with the records left where they lie.
   *
   * @throws {OperatingError} corrupt_batch
   */
  scan(batch: Uint8Array, inflatedRecords?: Uint8Array): ScannedBatch {
    const base = baseOf(batch);
    const count = countOf(batch);
    const scanned = new ScannedBatch(base, this.nextOffset(batch));
    if (count === 0) return scanned;
    const { start, size } = this.open(batch, inflatedRecords);
    scanned.records = this.#memory.slice(start, start + size);
    this.#walk({ start, size, count }, (rows) => scanned.addRows(this.#table, rows));
    return scanned;
  }

  /**
   * Brings the records of a batch to where the core reads them; they stay until the next call.
   *
   * @throws {OperatingError} corrupt_batch
   */
  open(batch: Uint8Array, inflated?: Uint8Array): { start: number; size: number } {
    const { IN, IN_BYTES, BIG, BIG_BYTES } = this.#map;
    if (inflated !== undefined) {
      if (inflated.length > BIG_BYTES) throw corrupt(Status.TOO_LARGE);
      this.#memory.set(inflated, BIG);
      return { start: BIG, size: inflated.length };
    }
    if (batch.length > IN_BYTES) throw corrupt(Status.TOO_LARGE);
    this.#memory.set(batch, IN);
    const size = this.#core.openRecords(IN, batch.length);
    if (size < 0) throw corrupt(size);
    return { start: this.#result[0]!, size };
  }

  /**
   * The same, with what the header says.
   *
   * @throws {OperatingError} corrupt_batch
   */
  openBatch(batch: Uint8Array, inflatedRecords?: Uint8Array): OpenedRecords {
    const { offset: baseOffset } = baseOf(batch);
    const count = countOf(batch);
    const place = count === 0 ? { start: 0, size: 0 } : this.open(batch, inflatedRecords);
    return { ...place, baseOffset, nextOffset: this.nextOffset(batch), count };
  }

  /** The offset behind a batch. */
  nextOffset(batch: Uint8Array): Offset {
    const view = viewOf(batch);
    return Number(view.getBigInt64(0)) + view.getInt32(LAST_OFFSET_DELTA_AT) + 1;
  }

  /** Fills the table with rows, as often as it takes. */
  #walk(
    { start, size, count }: { readonly start: number; readonly size: number; count: number },
    take: (rows: number) => void,
  ): void {
    const { TABLE, TABLE_BYTES } = this.#map;
    let position = 0;
    let records = 0;
    do {
      const walked = this.#core
        .walkRecords(start, size, position, records, count, TABLE, TABLE_BYTES);
      if (walked < 0) throw corrupt(walked);
      position = this.#result[0]!;
      take(walked);
      records += walked;
    } while (records < count);
  }
}

export function baseOf(batch: Uint8Array): BatchBase {
  if (batch.length < BATCH_HEADER_BYTES) throw corrupt(Status.NEED_MORE);
  const view = viewOf(batch);
  return {
    offset: Number(view.getBigInt64(0)),
    timestamp: Number(view.getBigInt64(27)),
    appendTime: view.getInt16(21) & APPEND_TIME_FLAG ? Number(view.getBigInt64(35)) : null,
  };
}

/** Records that are of interest: none in a control batch. */
export function countOf(batch: Uint8Array): number {
  const view = viewOf(batch);
  if (view.getInt16(21) & CONTROL_FLAG) return 0;
  const count = view.getUint32(RECORDS_COUNT_AT);
  if (count > BATCH_RECORDS_MAX) throw corrupt(Status.BAD_COUNT);
  return count;
}

export function corrupt(status: number): OperatingError {
  return new OperatingError("corrupt_batch", `Cannot decode batch: ${statusName(status)}`, {
    status: statusName(status),
  });
}
