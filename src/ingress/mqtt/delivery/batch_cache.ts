/**
 * Batches read from the logs for those who are behind. Many are behind at about the same place, and
 * a window of a hundred messages takes a small part of a batch: so what was read and decoded is
 * kept for a while, for all of them, within a bound.
 *
 * @module
 */
import { isOperatingError } from "../../../base/errors.ts";
import { DECOMPRESSED_BYTES_MAX } from "../../../base/limits.ts";
import { MQTT_BATCH_CACHE_BYTES_MAX, MQTT_BEHIND_READ_BYTES } from "../../../base/mqtt_limits.ts";
import type { Offset } from "../../../base/types.ts";
import type { Core } from "../../../core/core.ts";
import type { ScannedBatch } from "../../../core/scanned_batch.ts";
import { type Inflate, inflatedRecords } from "../../../format/codec.ts";
import { HEADER_SIZE, readBatchHeader } from "../../../format/record_batch.ts";

/** What delivery needs of a PartitionLog. */
export interface DeliveryLog {
  readonly topic: string;
  readonly index: number;
  readonly handle: number;
  readonly logStartOffset: Offset;
  readonly highWatermark: Offset;
  readonly logEndOffset: Offset;
  read(offset: Offset, options: { readonly maxBytes: number }): Promise<{
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

interface KeptPage extends Page {
  readonly handle: number;
  readonly bytes: number;
}

/** Small pages cost more than their bytes. */
const PAGES_MAX = 1_024;

export class BatchCache {
  readonly #core: Core;
  readonly #inflate: Inflate;
  readonly #bytesMax: number;
  /** Least recently used first. */
  readonly #pages = new Set<KeptPage>();
  readonly #byLog = new Map<number, Set<KeptPage>>();
  readonly #reading = new Map<string, Promise<Page>>();
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
    const kept = this.#find(log.handle, offset);
    if (kept !== null) return kept;
    const key = `${log.handle} ${offset}`;
    let reading = this.#reading.get(key);
    if (reading === undefined) {
      reading = this.#read(log, offset).finally(() => this.#reading.delete(key));
      this.#reading.set(key, reading);
    }
    return reading;
  }

  /** Keeps a batch that was just decoded: somebody did not have room for it. */
  keep(log: DeliveryLog, batch: ScannedBatch): void {
    if (this.#find(log.handle, batch.baseOffset) !== null) return;
    const { baseOffset: from, nextOffset } = batch;
    this.#add({ handle: log.handle, from, nextOffset, batches: [batch], bytes: batch.bytes });
  }

  async #read(log: DeliveryLog, from: Offset): Promise<Page> {
    const { batches, nextOffset } = await log.read(from, { maxBytes: MQTT_BEHIND_READ_BYTES });
    const scanned = batches.map((batch) => this.scan(batch)).filter((batch) => batch !== null);
    const bytes = scanned.reduce((sum, batch) => sum + batch.bytes, 256);
    const page = { handle: log.handle, from, nextOffset, batches: scanned, bytes };
    this.#add(page);
    return page;
  }

  #find(handle: number, offset: Offset): KeptPage | null {
    for (const page of this.#byLog.get(handle) ?? []) {
      if (offset < page.from || offset >= page.nextOffset) continue;
      this.#pages.delete(page);
      this.#pages.add(page);
      return page;
    }
    return null;
  }

  #add(page: KeptPage): void {
    const ofLog = this.#byLog.get(page.handle) ?? new Set();
    this.#byLog.set(page.handle, ofLog);
    ofLog.add(page);
    this.#pages.add(page);
    this.#bytes += page.bytes;
    for (const oldest of this.#pages) {
      if (this.#bytes <= this.#bytesMax && this.#pages.size <= PAGES_MAX) return;
      this.#pages.delete(oldest);
      const rest = this.#byLog.get(oldest.handle)!;
      rest.delete(oldest);
      if (rest.size === 0) this.#byLog.delete(oldest.handle);
      this.#bytes -= oldest.bytes;
    }
  }
}
