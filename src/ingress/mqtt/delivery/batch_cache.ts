/**
 * Batches read from the logs for those who are behind. Many are behind at about the same place, and
 * a window of a hundred messages takes a small part of a batch: so what was read and decoded is
 * kept for a while, for all of them, within a bound.
 *
 * @module
 */
import { BufferPool } from "../../../base/buffer_pool.ts";
import { isOperatingError } from "../../../base/errors.ts";
import { DECOMPRESSED_BYTES_MAX, INDEX_INTERVAL_BYTES } from "../../../base/limits.ts";
import {
  MQTT_BATCH_CACHE_BYTES_MAX,
  MQTT_BEHIND_READ_BYTES,
  MQTT_BEHIND_READS_MAX,
} from "../../../base/mqtt_limits.ts";
import type { Offset } from "../../../base/types.ts";
import type { Core } from "../../../core/core.ts";
import type { PacketRun } from "../../../core/packet_run.ts";
import type { PackedBatch, PublishForm, WrittenPublishes } from "../../../core/publish_writer.ts";
import type { ScannedBatch } from "../../../core/scanned_batch.ts";
import { type Inflate, inflatedRecords } from "../../../format/codec.ts";
import { HEADER_SIZE, readBatchHeader } from "../../../format/record_batch.ts";

interface DeliveryRead {
  readonly maxBytes: number;
  /** Memory to read into: batches are views of it, good until it is used again. */
  readonly into?: Uint8Array | undefined;
}

/** What delivery needs of a PartitionLog. */
export interface DeliveryLog {
  readonly topic: string;
  readonly index: number;
  readonly handle: number;
  readonly logStartOffset: Offset;
  readonly highWatermark: Offset;
  readonly logEndOffset: Offset;
  read(offset: Offset, options: DeliveryRead): Promise<{
    readonly batches: readonly Uint8Array[];
    readonly nextOffset: Offset;
  }>;
}

/** A run of batches of one log: every offset in [from, nextOffset) is in one of them, or in a gap. */
export interface Page {
  readonly from: Offset;
  readonly nextOffset: Offset;
  readonly batches: readonly ScannedBatch[];
}

/** The same as packets, for all who want them in one form. */
export interface PacketPage extends WrittenPublishes {
  readonly from: Offset;
  /** Where it does not hold all: so far the records should be looked at one by one. */
  readonly end: Offset;
  readonly largestPacket: number;
  /** Its memory is used for another one: it has to be read again. */
  readonly isGone: boolean;
}

/** Alike for whom `key` is the same. */
export interface KeyedForm extends PublishForm {
  readonly key: string;
}

interface KeptPage {
  readonly key: string;
  readonly from: Offset;
  readonly nextOffset: Offset;
  readonly bytes: number;
  /** It is not kept any more. */
  drop?(): void;
}

/** A read takes in what lies between two index entries, too. */
const WINDOW_BYTES = MQTT_BEHIND_READ_BYTES + INDEX_INTERVAL_BYTES;

/** Small pages cost more than their bytes. */
const PAGES_MAX = 1_024;

export class BatchCache {
  readonly #core: Core;
  readonly #inflate: Inflate;
  readonly #bytesMax: number;
  /** Least recently used first. */
  readonly #pages = new Set<KeptPage>();
  /** By log; packets by their form, too. */
  readonly #byKey = new Map<string, Set<KeptPage>>();
  readonly #reading = new Map<string, Promise<KeptPage>>();
  /** Memory of packets, and of what they are read from: a gigabyte of it would come and go. */
  readonly #buffers = new BufferPool({ keptMax: 8, bytesMin: 0 });
  readonly #windows = new BufferPool({ keptMax: MQTT_BEHIND_READS_MAX, bytesMin: WINDOW_BYTES });
  #bytes = 0;

  constructor(core: Core, inflate: Inflate, bytesMax = MQTT_BATCH_CACHE_BYTES_MAX) {
    this.#core = core;
    this.#inflate = inflate;
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A batch as it was committed; null where it cannot be decoded: its maker made it so. */
  scan(batch: Uint8Array): ScannedBatch | null {
    const { attributes } = readBatchHeader(batch);
    const packed = { attributes, records: batch.subarray(HEADER_SIZE) };
    try {
      return this.#core.scan(batch, inflatedRecords(packed, this.#inflate, DECOMPRESSED_BYTES_MAX));
    } catch (error) {
      if (!isOperatingError(error, "corrupt_batch")) throw error;
      return null;
    }
  }

  /**
   * The page that `offset` lies in, which is below the high watermark.
   *
   * @throws {OperatingError} (rejects) offset_out_of_range, and trouble of the disk
   */
  read(log: DeliveryLog, offset: Offset): Page | Promise<Page> {
    return this.#get(`${log.handle}`, offset, (key) => this.#read(log, offset, key));
  }

  /**
   * The same as packets. It may end before its first record: that has to be looked at by itself.
   *
   * @throws {OperatingError} (rejects) as `read()`
   */
  packets(log: DeliveryLog, offset: Offset, form: KeyedForm): PacketPage | Promise<PacketPage> {
    const key = `${log.handle} ${form.key}`;
    return this.#get(key, offset, (key) => this.#write(log, offset, { key, form }));
  }

  /** Reads ahead for whoever will ask for that soon, unless others have much to read. */
  prepare(log: DeliveryLog, offset: Offset, form: KeyedForm): void {
    if (offset >= log.highWatermark || this.#reading.size >= MQTT_BEHIND_READS_MAX) return;
    // Trouble is told to those who ask.
    Promise.resolve(this.packets(log, offset, form)).catch(() => {});
  }

  #get<Kept extends KeptPage>(
    key: string,
    offset: Offset,
    read: (key: string) => Promise<Kept>,
  ): Kept | Promise<Kept> {
    const kept = this.#find(key, offset);
    // What is kept under a key was made by the same function.
    if (kept !== null) return kept as Kept;
    const place = `${offset} ${key}`;
    let reading = this.#reading.get(place);
    if (reading === undefined) {
      reading = read(key).finally(() => this.#reading.delete(place));
      this.#reading.set(place, reading);
    }
    return reading as Promise<Kept>;
  }

  /** Keeps a batch that was just decoded: somebody did not have room for it. */
  keep(log: DeliveryLog, batch: ScannedBatch): void {
    const key = `${log.handle}`;
    if (this.#find(key, batch.baseOffset) !== null) return;
    const { baseOffset: from, nextOffset } = batch;
    this.#add({ key, from, nextOffset, batches: [batch], bytes: batch.bytes });
  }

  async #read(log: DeliveryLog, from: Offset, key: string): Promise<Page & KeptPage> {
    const { batches, nextOffset } = await log.read(from, { maxBytes: MQTT_BEHIND_READ_BYTES });
    const scanned = batches.map((batch) => this.scan(batch)).filter((batch) => batch !== null);
    const bytes = scanned.reduce((sum, batch) => sum + batch.bytes, 256);
    return this.#add({ key, from, nextOffset, batches: scanned, bytes });
  }

  async #write(
    log: DeliveryLog,
    from: Offset,
    { key, form }: { readonly key: string; readonly form: PublishForm },
  ): Promise<PacketPage & KeptPage> {
    const into = this.#windows.take(WINDOW_BYTES);
    const read = { maxBytes: MQTT_BEHIND_READ_BYTES, into };
    const { batches, nextOffset: end } = await log.read(from, read);
    const page = new PacketsOfPage({
      ...{ key, from, end, buffers: this.#buffers },
      written: this.#core.publishes.write(this.#packed(batches), from, {
        ...{ form, buffers: this.#buffers },
      }),
    });
    this.#windows.give(into);
    return page.nextOffset > from ? this.#add(page) : page;
  }

  *#packed(batches: readonly Uint8Array[]): Iterable<PackedBatch> {
    for (const bytes of batches) {
      const { attributes } = readBatchHeader(bytes);
      const packed = { attributes, records: bytes.subarray(HEADER_SIZE) };
      yield { bytes, inflated: inflatedRecords(packed, this.#inflate, DECOMPRESSED_BYTES_MAX) };
    }
  }

  #find(key: string, offset: Offset): KeptPage | null {
    for (const page of this.#byKey.get(key) ?? []) {
      if (offset < page.from || offset >= page.nextOffset) continue;
      this.#pages.delete(page);
      this.#pages.add(page);
      return page;
    }
    return null;
  }

  #add<Kept extends KeptPage>(page: Kept): Kept {
    const alike = this.#byKey.get(page.key) ?? new Set();
    this.#byKey.set(page.key, alike);
    alike.add(page);
    this.#pages.add(page);
    this.#bytes += page.bytes;
    for (const oldest of this.#pages) {
      if (this.#bytes <= this.#bytesMax && this.#pages.size <= PAGES_MAX) break;
      this.#pages.delete(oldest);
      const rest = this.#byKey.get(oldest.key)!;
      rest.delete(oldest);
      if (rest.size === 0) this.#byKey.delete(oldest.key);
      this.#bytes -= oldest.bytes;
      oldest.drop?.();
    }
    return page;
  }
}

interface PacketsOptions {
  readonly key: string;
  readonly from: Offset;
  readonly end: Offset;
  readonly written: WrittenPublishes;
  readonly buffers: BufferPool;
}

class PacketsOfPage implements PacketPage, KeptPage {
  readonly key: string;
  readonly from: Offset;
  readonly nextOffset: Offset;
  readonly end: Offset;
  readonly isAll: boolean;
  readonly runs: readonly PacketRun[];
  readonly bytes: number;
  readonly largestPacket: number;
  isGone = false;
  readonly #buffers: BufferPool;

  constructor({ key, from, end, written, buffers }: PacketsOptions) {
    this.key = key;
    this.from = from;
    this.end = end;
    this.nextOffset = written.isAll ? end : written.nextOffset;
    this.isAll = written.isAll;
    this.runs = written.runs;
    this.bytes = this.runs.reduce((sum, run) => sum + run.bytes, 256);
    this.largestPacket = this.runs.reduce((max, run) => Math.max(max, run.largest), 0);
    this.#buffers = buffers;
  }

  drop(): void {
    this.isGone = true;
    for (const run of this.runs) run.release(this.#buffers);
  }
}
