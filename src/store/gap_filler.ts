/**
 * Puts batches back where damage was. They are the very bytes that stood there, so as a rule they
 * fit: into the damaged bytes of a segment, behind the end of one that lost its tail, or into a new
 * file where a whole one is gone. The gap stays until they are synced and read back: a crash at any
 * step leaves damage where damage was, or whole batches in a gap that the next repair finds healed.
 *
 * @module
 */
import { concat } from "../base/bytes.ts";
import { isOperatingError, OperatingError } from "../base/errors.ts";
import type { Offset, OffsetRange, Position } from "../base/types.ts";
import type { Core } from "../core/core.ts";
import type { EpochStart } from "../format/checkpoint.ts";
import { type BatchHeader, placeBatch, readBatchHeader } from "../format/record_batch.ts";
import { ByteSource } from "./byte_source.ts";
import type { Disk } from "./disk.ts";
import type { FileCache } from "./file_cache.ts";
import type { GapList } from "./gap_list.ts";
import type { IndexCache } from "./index_cache.ts";
import { findSuccessor, goodBatchAt, type ScanPlace, type ScanRules } from "./log_scan.ts";
import { Segment } from "./segment.ts";

export interface GapFillerOptions {
  readonly disk: Disk;
  readonly files: FileCache;
  readonly indexes: IndexCache;
  readonly core: Core;
  readonly directory: string;
  /** Oldest first; the last one is active. A file that was gone is put among them. */
  readonly segments: Segment[];
  readonly gaps: GapList;
  readonly identity: Pick<ScanRules, "knows" | "trusts">;
  readonly epochs: () => readonly EpochStart[];
  /** Places that readers remember are of no use any more. */
  readonly changed: (bytesMore: number) => void;
}

/** Where the bytes of a gap go. */
interface Room {
  readonly segment: Segment;
  readonly position: Position;
  /** Bytes there are; Infinity at the end of a file. */
  readonly bytes: number;
  /** Offsets the room is for. */
  readonly to: Offset;
}

export class GapFiller {
  readonly #options: GapFillerOptions;

  constructor(options: GapFillerOptions) {
    this.#options = options;
  }

  /**
   * Takes in what whole batches stand in a gap already: a crash came between the batches and the
   * book. Returns the range that is readable again; null when there is none.
   */
  heal(gap: OffsetRange): OffsetRange | null {
    const room = this.#roomAt(gap.from);
    if (room === null || !this.#options.disk.exists(room.segment.path)) return null;
    const { lease, source } = this.#sourceOf(room.segment);
    const headers: BatchHeader[] = [];
    try {
      let place: ScanPlace = { position: room.position, offset: gap.from };
      for (;;) {
        const header = goodBatchAt(source, place.position, this.#rules(room.to));
        if (header === null || header.baseOffset !== place.offset) break;
        headers.push(header);
        place = { position: place.position + header.sizeBytes, offset: header.lastOffset + 1 };
      }
      if (place.offset === gap.from) return null;
      if (place.offset < room.to || this.#fits(room, place.position - room.position)) {
        return this.#filled(room, headers, place.position);
      }
      return null;
    } finally {
      lease.release();
    }
  }

  /**
   * Puts verified batches into the gap that begins with the first of them. Returns the range that
   * is readable again; null where they do not fit.
   */
  async fill(batches: readonly Uint8Array[]): Promise<OffsetRange | null> {
    const from = readBatchHeader(batches[0]!).baseOffset;
    const room = this.#roomAt(from);
    if (room === null) return null;
    const fitting = this.#fitting(batches, room);
    if (fitting.length === 0) return null;
    const epochs = this.#options.epochs();
    for (const batch of fitting) {
      const { baseOffset } = readBatchHeader(batch);
      placeBatch(
        batch,
        baseOffset,
        epochs.findLast((e) => e.startOffset <= baseOffset)?.epoch ?? 0,
      );
    }
    const bytes = concat(fitting);
    await this.#write(room, bytes);
    const headers = fitting.map((batch) => readBatchHeader(batch));
    return this.#filled(room, headers, room.position + bytes.length);
  }

  /** All, where they take exactly the room; else those at the head that leave damage behind them. */
  #fitting(batches: readonly Uint8Array[], room: Room): readonly Uint8Array[] {
    const fitting: Uint8Array[] = [];
    let bytes = 0;
    for (const batch of batches) {
      const { lastOffset } = readBatchHeader(batch);
      if (lastOffset >= room.to) break;
      bytes += batch.length;
      const isLast = lastOffset + 1 === room.to;
      if (isLast ? !this.#fits(room, bytes) : bytes >= room.bytes) {
        // What stood here was not this: nothing of it may be written over.
        return [];
      }
      fitting.push(batch);
    }
    return fitting;
  }

  #fits(room: Room, bytes: number): boolean {
    return room.bytes === Infinity || room.bytes === bytes;
  }

  async #write(room: Room, bytes: Uint8Array): Promise<void> {
    const { disk, files, directory } = this.#options;
    const isNew = !disk.exists(room.segment.path);
    const lease = files.acquire(room.segment.path, { create: isNew });
    try {
      lease.file.writeAt(room.position, bytes);
      await lease.file.sync();
      if (isNew) await disk.syncDirectory(directory);
      const back = new Uint8Array(bytes.length);
      const size = await lease.file.readAt(room.position, back);
      if (size !== bytes.length || back.some((byte, at) => byte !== bytes[at])) {
        throw new OperatingError(
          "storage_failed",
          `Cannot repair ${room.segment.path}: the disk ` +
            "gave back other bytes than were written",
          { path: room.segment.path },
        );
      }
    } catch (error) {
      // Never synced again; where it failed, the gap stays.
      files.forget(room.segment.path);
      throw error;
    } finally {
      lease.release();
    }
  }

  #filled({ segment }: Room, headers: readonly BatchHeader[], end: Position): OffsetRange {
    const { segments, gaps, indexes, changed } = this.#options;
    const range = { from: headers[0]!.baseOffset, to: headers.at(-1)!.lastOffset + 1 };
    if (!segments.includes(segment)) {
      const at = segments.findIndex(({ baseOffset }) => baseOffset > segment.baseOffset);
      segments.splice(at < 0 ? segments.length : at, 0, segment);
    }
    const grown = Math.max(0, end - segment.bytes);
    segment.bytes += grown;
    segment.endOffset = Math.max(segment.endOffset, range.to);
    segment.noteSynced();
    for (const { baseTimestamp, maxTimestamp } of headers) {
      if (segment.minTimestamp < 0 || baseTimestamp < segment.minTimestamp) {
        segment.minTimestamp = baseTimestamp;
      }
      segment.maxTimestamp = Math.max(segment.maxTimestamp, maxTimestamp);
    }
    segment.index = null;
    indexes.remove(segment);
    gaps.remove(range);
    changed(grown);
    return range;
  }

  #roomAt(from: Offset): Room | null {
    const { segments, gaps, directory } = this.#options;
    const gap = gaps.at(from);
    if (gap === undefined) return null;
    const at = segments.findLastIndex(({ baseOffset }) => baseOffset <= from);
    const segment = segments[at];
    const next = segments[at + 1];
    const to = Math.min(gap.to, next?.baseOffset ?? Infinity);
    // The active segment is not filled up from behind: its end is the writer's.
    if (segment === undefined) {
      const fresh = new Segment(directory, from);
      return next === undefined ? null : { segment: fresh, position: 0, bytes: Infinity, to };
    }
    const place = this.#placeOf(segment, from);
    if (place === null) {
      // A whole file is gone between this one and the next.
      if (next === undefined || segment.endOffset > from) return null;
      return { segment: new Segment(directory, from), position: 0, bytes: Infinity, to };
    }
    const end = this.#endOf(segment, place, to);
    if (end !== null) return { segment, position: place.position, bytes: end - place.position, to };
    if (next === undefined) return null;
    return { segment, position: place.position, bytes: Infinity, to };
  }

  /** Where in the file the offset would stand; null where the file ends before. */
  #placeOf(segment: Segment, offset: Offset): ScanPlace | null {
    const { gaps, indexes } = this.#options;
    const { lease, source } = this.#sourceOf(segment);
    try {
      const { offsets } = indexes.of(segment, segment === this.#options.segments.at(-1));
      const entry = offsets.floor(offset);
      let place: ScanPlace = entry < 0
        ? { position: 0, offset: segment.baseOffset }
        : offsets.entry(entry);
      while (place.offset < offset) {
        const header = goodBatchAt(source, place.position, this.#rules(Infinity));
        if (header !== null && header.baseOffset === place.offset) {
          place = { position: place.position + header.sizeBytes, offset: header.lastOffset + 1 };
          continue;
        }
        const next = findSuccessor(source, place, {
          ...this.#rules(Infinity),
          knownEnd: (at) => gaps.at(at)?.to,
        });
        if (next === null) return null;
        place = next;
      }
      return place.offset === offset ? place : null;
    } catch (error) {
      if (isOperatingError(error, "not_found")) return null;
      throw error;
    } finally {
      lease.release();
    }
  }

  /** Where the batch begins that the log goes on with; null where none does in this file. */
  #endOf(segment: Segment, place: ScanPlace, to: Offset): Position | null {
    const { lease, source } = this.#sourceOf(segment);
    try {
      const rules = { ...this.#rules(Infinity), knownEnd: () => to };
      const next = findSuccessor(source, place, rules);
      return next?.offset === to ? next.position : null;
    } finally {
      lease.release();
    }
  }

  #sourceOf(segment: Segment) {
    const lease = this.#options.files.acquire(segment.path);
    return { lease, source: new ByteSource(lease.file, lease.file.size()) };
  }

  #rules(offsetLimit: Offset): ScanRules {
    const { core, identity } = this.#options;
    return { core, offsetLimit, ...identity };
  }
}
