/**
 * Reads whole batches from a partition's segments, by offset and by timestamp. Every batch is
 * verified on its way out; a damaged one becomes a gap, and its bytes go to quarantine.
 *
 * @module
 */
import { isOperatingError, OperatingError } from "../base/errors.ts";
import type { Offset, Position, TimestampMs } from "../base/types.ts";
import type { Core } from "../core/core.ts";
import type { Gap } from "../format/checkpoint.ts";
import { emptyRange, isEmptyBatch } from "../format/empty_batch.ts";
import { readBatchHeader } from "../format/record_batch.ts";
import type { PartitionName } from "./books.ts";
import { ByteSource, salvaging } from "./byte_source.ts";
import type { DiskFile } from "./disk.ts";
import type { FileCache } from "./file_cache.ts";
import type { GapList } from "./gap_list.ts";
import type { IndexCache } from "./index_cache.ts";
import { findSuccessor, type ScanPlace, type ScanRules } from "./log_scan.ts";
import type { Quarantine } from "./quarantine.ts";
import type { Segment } from "./segment.ts";
import { type BatchRange, type RangeOptions, readBatches } from "./segment_reader.ts";

export interface ReadOptions {
  /** At least one batch is given, however large. */
  readonly maxBytes: number;
  /** Reads no batch that begins at or above this. */
  readonly upTo?: Offset | undefined;
  /**
   * Memory to read into, where it is large enough: who reads much spares the garbage collector the
   * rest. The batches are good until it is used again.
   */
  readonly into?: Uint8Array | undefined;
}

export interface ReadResult {
  /** Views of one buffer: their own, or `into`. */
  readonly batches: Uint8Array[];
  /** Where the next read goes on. */
  readonly nextOffset: Offset;
  /** Gaps passed within [offset, nextOffset). */
  readonly gaps: Gap[];
}

/** The partition, as far as its reader looks at it. */
export interface ReadableLog extends PartitionName {
  readonly logStartOffset: Offset;
  readonly highWatermark: Offset;
}

export interface LogReaderOptions {
  readonly files: FileCache;
  readonly indexes: IndexCache;
  readonly core: Core;
  readonly quarantine: Quarantine;
  /** Oldest first; the last one is active. */
  readonly segments: readonly Segment[];
  readonly gaps: GapList;
  /** Which batches can stand in this partition. */
  readonly identity: Pick<ScanRules, "knows" | "trusts">;
  /** Called with each gap that a reader came upon, and the bytes kept of it. */
  readonly damaged: (gap: Gap, bytes: number) => void;
}

/** Bytes at the end of the active segment that lie in the page cache, most likely. */
const WARM_BYTES = 4 * 1024 * 1024;
/** Reads of a segment that fail before what cannot be read is given up. */
const READ_TRIES = 3;
/** Places remembered, so that a reader who goes on where it was needs no index. */
const PLACES_KEPT = 16;

interface KnownPlace {
  readonly segment: Segment;
  readonly place: ScanPlace;
}

export class LogReader {
  readonly #log: ReadableLog;
  readonly #options: LogReaderOptions;
  #places: KnownPlace[] = [];
  /** How often in a row a segment could not be read. */
  readonly #unreadable = new WeakMap<Segment, number>();

  constructor(log: ReadableLog, options: LogReaderOptions) {
    this.#log = log;
    this.#options = options;
  }

  async read(offset: Offset, options: ReadOptions): Promise<ReadResult> {
    const gaps: Gap[] = [];
    let at = offset;
    for (;;) {
      this.#checkRange(offset);
      const limit = Math.min(options.upTo ?? Infinity, this.#log.highWatermark);
      if (at >= limit) return { batches: [], nextOffset: at, gaps };
      const gap = this.#options.gaps.at(at);
      if (gap !== undefined) {
        const to = Math.min(gap.to, limit);
        gaps.push({ from: at, to, reason: gap.reason });
        at = to;
        continue;
      }
      const range = await this.#readRange(at, { ...options, limit });
      if (range === null) continue; // It begins with a gap now.
      const nextOffset = range.place.offset;
      const batches = withoutEmpty(range.batches, at, gaps);
      if (batches.length > 0 || nextOffset >= limit) return { batches, nextOffset, gaps };
      at = nextOffset;
    }
  }

  async offsetForTimestamp(timestamp: TimestampMs): Promise<Offset | null> {
    for (const segment of [...this.#options.segments]) {
      if (segment.maxTimestamp < timestamp || segment.endOffset <= this.#log.logStartOffset) {
        continue;
      }
      const { offsets, times } = this.#indexOf(segment);
      for (let entry = 0;; entry++) {
        entry = times.search(timestamp, entry);
        if (entry < 0) break;
        const end = entry + 1 < offsets.length
          ? offsets.entry(entry + 1).offset
          : segment.endOffset;
        const from = Math.max(offsets.entry(entry).offset, this.#log.logStartOffset);
        const found = await this.#searchInterval(timestamp, from, end);
        if (found !== null) return found;
      }
    }
    return null;
  }

  /** Bytes readable from `offset` on: exact at known places, else an estimate between two entries. */
  bytesFrom(offset: Offset): number {
    const { segments } = this.#options;
    let bytes = 0;
    for (let at = segments.length - 1; at >= 0; at--) {
      const segment = segments[at]!;
      if (segment.endOffset <= offset) break;
      if (segment.baseOffset >= offset) {
        bytes += segment.bytes;
        continue;
      }
      const position = this.#knownPlace(segment, offset)?.position ??
        this.#estimatePosition(segment, offset);
      bytes += segment.bytes - position;
      break;
    }
    return bytes;
  }

  /** Forgets what it knows of places: segments were removed, or cut. */
  forgetPlaces(): void {
    this.#places = [];
  }

  async #searchInterval(
    timestamp: TimestampMs,
    from: Offset,
    end: Offset,
  ): Promise<Offset | null> {
    let at = from;
    while (at < Math.min(end, this.#log.highWatermark)) {
      const { batches, nextOffset } = await this.read(at, { maxBytes: 1, upTo: end });
      for (const batch of batches) {
        const found = firstAtOrAfter(this.#options.core, batch, timestamp, from);
        if (found !== null) return found;
      }
      at = nextOffset;
    }
    return null;
  }

  #checkRange(offset: Offset): void {
    const { topic, index, logStartOffset, highWatermark } = this.#log;
    if (offset >= logStartOffset && offset <= highWatermark) return;
    throw new OperatingError(
      "offset_out_of_range",
      `Cannot read offset ${offset} of ${topic}-${index}: it holds ${logStartOffset} to ` +
        `${highWatermark}, exclusive`,
      {
        topic,
        partition: index,
        offset,
        log_start_offset: logStartOffset,
        high_watermark: highWatermark,
      },
    );
  }

  /** Batches from the one with `offset` on, out of one segment; null when it is in a new gap. */
  async #readRange(
    offset: Offset,
    options: ReadOptions & { readonly limit: Offset },
  ): Promise<BatchRange | null> {
    const { segments, files } = this.#options;
    const at = lastAtOrBelow(segments, offset);
    const segment = segments[at];
    if (segment === undefined || offset >= segment.endOffset) {
      const to = segments[at + 1]?.baseOffset ?? this.#log.highWatermark;
      this.#addGap({ from: offset, to, reason: "lost" }, 0);
      return null;
    }
    try {
      const lease = files.acquire(segment.path);
      try {
        return await this.#readSegment(segment, lease.file, { ...options, from: offset });
      } finally {
        lease.release();
      }
    } catch (error) {
      // Retention may have removed the file meanwhile: then the offset is below the log start.
      if (!isOperatingError(error, "not_found")) throw error;
      this.#checkRange(offset);
      this.#addGap({ from: offset, to: segment.endOffset, reason: "lost" }, 0);
      return null;
    }
  }

  async #readSegment(
    segment: Segment,
    file: DiskFile,
    options: ReadOptions & { readonly from: Offset; readonly limit: Offset },
  ): Promise<BatchRange | null> {
    const active = segment === this.#options.segments.at(-1);
    let place = this.#placeOf(segment, options.from);
    for (;;) {
      const range = await this.#readBatches(segment, file, {
        start: place,
        core: this.#options.core,
        end: segment.bytes,
        warmFrom: active ? segment.bytes - WARM_BYTES : Infinity,
        ...options,
      });
      if (range.batches.length > 0) {
        this.#remember(segment, range.place);
        return range;
      }
      place = await this.#stepOver(segment, file, range.place);
      if (place.offset > options.from) return null;
    }
  }

  /**
   * A sector that cannot be read costs what lies on it, and the rest is read around it; but only
   * once it has been tried several times, for the trouble may pass.
   */
  async #readBatches(
    segment: Segment,
    file: DiskFile,
    { start, ...options }: RangeOptions & { readonly start: ScanPlace },
  ): Promise<BatchRange> {
    const before = this.#unreadable.get(segment) ?? 0;
    try {
      const range = await readBatches(file, start, options);
      if (before < READ_TRIES) this.#unreadable.delete(segment);
      return range;
    } catch (error) {
      if (!isOperatingError(error, "storage_failed")) throw error;
      const tries = before + 1;
      this.#unreadable.set(segment, tries);
      if (tries < READ_TRIES) throw error;
      return await readBatches(salvaging(file, options.end), start, options);
    }
  }

  /** Finds the way on behind damage at `place`, which becomes a gap. */
  async #stepOver(segment: Segment, file: DiskFile, place: ScanPlace): Promise<ScanPlace> {
    const { core, identity, quarantine } = this.#options;
    const end = { position: segment.bytes, offset: segment.endOffset };
    const source = new ByteSource(file, end.position);
    const next = findSuccessor(source, place, {
      ...identity,
      core,
      offsetLimit: end.offset,
      knownEnd: (offset) => this.#options.gaps.at(offset)?.to,
    }) ?? end;
    const gap: Gap = { from: place.offset, to: next.offset, reason: "corrupt" };
    if (this.#options.gaps.covers(gap)) return next;
    const { topic, index } = this.#log;
    const kept = await quarantine.keep(source, {
      topic,
      index,
      from: gap.from,
      position: place.position,
      end: next.position,
    });
    this.#addGap(gap, kept);
    return next;
  }

  #addGap(gap: Gap, bytes: number): void {
    if (this.#options.gaps.add(gap)) this.#options.damaged(gap, bytes);
  }

  #indexOf(segment: Segment) {
    return this.#options.indexes.of(segment, segment === this.#options.segments.at(-1));
  }

  #placeOf(segment: Segment, offset: Offset): ScanPlace {
    const known = this.#knownPlace(segment, offset);
    if (known !== null) return known;
    const { offsets } = this.#indexOf(segment);
    const entry = offsets.floor(offset);
    return entry < 0 ? { position: 0, offset: segment.baseOffset } : offsets.entry(entry);
  }

  /** Records of an interval are taken to be of one size. */
  #estimatePosition(segment: Segment, offset: Offset): Position {
    const { offsets } = this.#indexOf(segment);
    const entry = Math.max(0, offsets.floor(offset));
    const end = { offset: segment.endOffset, position: segment.bytes };
    const from = entry < offsets.length ? offsets.entry(entry) : end;
    const to = entry + 1 < offsets.length ? offsets.entry(entry + 1) : end;
    if (to.offset <= from.offset) return from.position;
    const share = Math.max(0, offset - from.offset) / (to.offset - from.offset);
    return Math.floor(from.position + share * (to.position - from.position));
  }

  #knownPlace(segment: Segment, offset: Offset): ScanPlace | null {
    const known = this.#places.find((each) =>
      each.segment === segment && each.place.offset === offset
    );
    return known?.place ?? null;
  }

  #remember(segment: Segment, place: ScanPlace): void {
    if (this.#places.length >= PLACES_KEPT) this.#places.shift();
    this.#places.push({ segment, place });
  }
}

/** Batches with records; of the others readers are told that something was there. */
function withoutEmpty(batches: Uint8Array[], from: Offset, gaps: Gap[]): Uint8Array[] {
  if (!batches.some(isEmptyBatch)) return batches;
  return batches.filter((batch) => {
    const gone = emptyRange(batch);
    if (gone === null) return true;
    const last = gaps.at(-1);
    if (last?.reason === "evicted" && last.to === gone.from) {
      gaps[gaps.length - 1] = { ...last, to: gone.to };
    } else {
      gaps.push({ from: Math.max(from, gone.from), to: gone.to, reason: "evicted" });
    }
    return false;
  });
}

/** Index of the last segment that begins at or below `offset`; -1 when there is none. */
function lastAtOrBelow(segments: readonly Segment[], offset: Offset): number {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (segments[middle]!.baseOffset <= offset) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** gzip (1) and zstd (4) are inflated by the host. */
function coreDecodes(attributes: number): boolean {
  const codec = attributes & 7;
  return codec !== 1 && codec !== 4;
}

function firstAtOrAfter(
  core: Core,
  batch: Uint8Array,
  ...[timestamp, from]: [TimestampMs, Offset]
): Offset | null {
  const header = readBatchHeader(batch);
  if (header.maxTimestamp < timestamp) return null;
  // What only the host can inflate is answered by the batch.
  if (!coreDecodes(header.attributes)) return Math.max(header.baseOffset, from);
  for (const record of core.decode(batch)) {
    if (record.timestamp >= timestamp && record.offset >= from) return record.offset;
  }
  return null;
}
