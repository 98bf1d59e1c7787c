/**
 * Whole batches as the PUBLISH packets that one subscriber gets, without an object for each record.
 * `wasm/assembly/mqtt_packets.ts` says which records are plain enough; the walk ends in front of
 * the first that is not.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import type { BufferPool } from "../base/buffer_pool.ts";
import { isOperatingError } from "../base/errors.ts";
import type { Offset } from "../base/types.ts";
import type { BatchReader, OpenedRecords } from "./batch_reader.ts";
import type { CoreExports, MemoryMap } from "./exports.ts";
import { PacketRun, ROW_WORDS } from "./packet_run.ts";
import { Status } from "./status.ts";

/** How a subscriber wants its packets. */
export interface PublishForm {
  readonly version: 4 | 5;
  /** The most it is granted. */
  readonly qos: 0 | 1 | 2;
  readonly keyIsTopic: boolean;
  /** Nobody waits for those of QoS 0. */
  readonly withoutQos0: boolean;
  /** MQTT 5: the properties section, its size in front; empty otherwise. */
  readonly properties: Uint8Array;
  /** Topic filters, each behind its size as little-endian u16. */
  readonly filters: Uint8Array;
}

export interface WrittenPublishes {
  readonly runs: readonly PacketRun[];
  /** Every record below was written, or is not for this subscriber. */
  readonly nextOffset: Offset;
  /** False where the record there has to be looked at by itself. */
  readonly isAll: boolean;
}

/** A batch, and its records where the host had to inflate them. */
export interface PackedBatch {
  readonly bytes: Uint8Array;
  readonly inflated: Uint8Array | undefined;
}

/** Buffers of runs are as large as a multiple of this, so that they fit again. */
const RUN_BYTES_STEP = 128 * 1024;
const PROPERTIES_BYTES_MAX = 12;
const FILTERS_AT = 16;
const VERSION_5 = 4;
const KEY_IS_TOPIC = 8;
const WITHOUT_QOS_0 = 16;

interface RowsToWrite {
  /** Offset of the first record there is a row of. */
  readonly first: Offset;
  readonly rows: number;
  /** The first record that is written. */
  readonly from: Offset;
  readonly buffers: BufferPool;
}

export class PublishWriter {
  readonly #core: CoreExports;
  readonly #batches: BatchReader;
  readonly #map: MemoryMap;
  readonly #memory: Uint8Array<ArrayBuffer>;
  readonly #result: Uint32Array;
  readonly #table: Uint32Array;
  #how = 0;
  #filtersBytes = 0;
  /** What lies in OUT, and the rows of it. */
  #outBytes = 0;
  #rows = new Uint32Array(ROW_WORDS * 1_024);
  #rowWords = 0;
  #from: Offset = 0;
  #runs: PacketRun[] = [];

  constructor(
    core: CoreExports,
    memory: Uint8Array<ArrayBuffer>,
    { batches, map }: { readonly batches: BatchReader; readonly map: MemoryMap },
  ) {
    this.#core = core;
    this.#batches = batches;
    this.#map = map;
    this.#memory = memory;
    this.#result = new Uint32Array(memory.buffer, map.RESULT, 64);
    this.#table = new Uint32Array(memory.buffer, map.TABLE, map.TABLE_BYTES / 4);
  }

  /**
   * Writes the records from offset `from` on, as long as they are plain. A batch that cannot be
   * decoded is not: whoever looks at it by itself says so.
   */
  write(
    batches: Iterable<PackedBatch>,
    from: Offset,
    { form, buffers }: { readonly form: PublishForm; readonly buffers: BufferPool },
  ): WrittenPublishes {
    this.#setForm(form);
    this.#from = from;
    this.#runs = [];
    let [nextOffset, isAll] = [from, true];
    for (const { bytes, inflated } of batches) {
      try {
        nextOffset = this.#writeBatch(
          this.#batches.openBatch(bytes, inflated),
          nextOffset,
          buffers,
        );
      } catch (error) {
        if (!isOperatingError(error, "corrupt_batch")) throw error;
        isAll = false;
      }
      isAll &&= nextOffset >= this.#batches.nextOffset(bytes);
      if (!isAll) break;
    }
    this.#flush(buffers);
    return { runs: this.#runs, nextOffset, isAll };
  }

  #setForm({ version, qos, keyIsTopic, withoutQos0, properties, filters }: PublishForm): void {
    const { SUBSCRIPTION, SUBSCRIPTION_BYTES } = this.#map;
    assert(properties.length <= PROPERTIES_BYTES_MAX, "properties of all packets fit the core");
    assert(filters.length <= SUBSCRIPTION_BYTES - FILTERS_AT, "topic filters fit the core");
    this.#memory.fill(0, SUBSCRIPTION, SUBSCRIPTION + FILTERS_AT);
    this.#memory[SUBSCRIPTION] = properties.length;
    this.#memory.set(properties, SUBSCRIPTION + 4);
    this.#memory.set(filters, SUBSCRIPTION + FILTERS_AT);
    this.#filtersBytes = filters.length;
    this.#how = qos | (version === 5 ? VERSION_5 : 0) | (keyIsTopic ? KEY_IS_TOPIC : 0) |
      (withoutQos0 ? WITHOUT_QOS_0 : 0);
  }

  /** Returns the offset of the first record that is not plain, or the one behind the batch. */
  #writeBatch(batch: OpenedRecords, from: Offset, buffers: BufferPool): Offset {
    const { baseOffset, nextOffset, start, size, count } = batch;
    const { TABLE, TABLE_BYTES } = this.#map;
    let position = 0;
    for (let walked = 0; walked < count;) {
      const rows = this.#core.walkRecords(start, size, position, walked, count, TABLE, TABLE_BYTES);
      if (rows < 0) return baseOffset + walked;
      position = this.#result[0]!;
      const first = baseOffset + walked;
      const stopped = this.#writeRows(start, { first, rows, from, buffers });
      walked += rows;
      if (stopped < baseOffset + walked) return stopped;
    }
    return nextOffset;
  }

  /** Writes what the rows in the table say, from a record on. Returns where it stopped. */
  #writeRows(
    start: number,
    { first, rows, from, buffers }: RowsToWrite,
  ): Offset {
    let row = this.#map.TABLE;
    let left = rows;
    let at = first;
    for (; left > 0 && at < from; left--, at++) row += 4 * (7 + 4 * this.#headersCount(row));
    while (left > 0) {
      const status = this.#core.writePublishes(
        ...[start, row, left, at - this.#from, this.#how] as const,
        ...[this.#filtersBytes, this.#outBytes] as const,
      );
      this.#outBytes = this.#result[0]!;
      row = this.#result[1]!;
      at += this.#result[2]!;
      left -= this.#result[2]!;
      this.#keepRows(this.#result[3]!);
      if (status === Status.OTHER_PACKET) return at;
      if (status === Status.NEED_MORE) this.#flush(buffers);
    }
    return at;
  }

  #headersCount(row: number): number {
    return this.#table[(row - this.#map.TABLE) / 4 + 6]!;
  }

  #keepRows(packets: number): void {
    const words = ROW_WORDS * packets;
    if (this.#rowWords + words > this.#rows.length) {
      const larger = new Uint32Array(2 * (this.#rowWords + words));
      larger.set(this.#rows.subarray(0, this.#rowWords));
      this.#rows = larger;
    }
    this.#rows.set(this.#table.subarray(0, words), this.#rowWords);
    this.#rowWords += words;
  }

  /** What lies in OUT becomes a run. */
  #flush(buffers: BufferPool): void {
    const { OUT } = this.#map;
    if (this.#rowWords > 0) {
      const size = this.#outBytes;
      const steps = Math.ceil(size / RUN_BYTES_STEP);
      const bytes = size < RUN_BYTES_STEP / 4
        ? new Uint8Array(size)
        : buffers.take(steps * RUN_BYTES_STEP).subarray(0, size);
      bytes.set(this.#memory.subarray(OUT, OUT + size));
      this.#runs.push(new PacketRun(this.#from, bytes, this.#rows.slice(0, this.#rowWords)));
    }
    this.#rowWords = this.#outBytes = 0;
  }
}
