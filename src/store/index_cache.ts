/**
 * Indexes of segments: the active one's lives in the segment, a sealed one's is read from its files
 * when someone looks, and the least recently used go first. What is missing or wrong there is built
 * again from the log.
 *
 * @module
 */
import { INDEXES_KEPT_MAX } from "../base/limits.ts";
import type { Core } from "../core/core.ts";
import { ByteSource } from "./byte_source.ts";
import type { Disk } from "./disk.ts";
import type { FileCache } from "./file_cache.ts";
import { scanBatches } from "./log_scan.ts";
import type { Segment } from "./segment.ts";
import { type IndexPlace, SegmentIndex } from "./segment_index.ts";

export class IndexCache {
  readonly #disk: Disk;
  readonly #files: FileCache;
  readonly #core: Core;
  /** Sealed segments whose index is in memory, in order of last use. */
  readonly #held = new Set<Segment>();

  constructor(disk: Disk, files: FileCache, core: Core) {
    this.#disk = disk;
    this.#files = files;
    this.#core = core;
  }

  /** The index of a segment, from memory, its files, or its log. */
  of(segment: Segment, active: boolean): SegmentIndex {
    if (segment.index === null) {
      segment.index = SegmentIndex.load(this.#place(segment), segment.bytes) ??
        this.#rebuild(segment, !active);
      if (active) return segment.index;
    }
    if (!active) this.#hold(segment);
    return segment.index;
  }

  /** Writes the files of an index that covers all of the segment. */
  save(segment: Segment): void {
    if (segment.index === null) return;
    try {
      segment.index.save(this.#place(segment), segment.bytes);
    } catch {
      // Built again when it is missed.
    }
  }

  /** The segment was just sealed: its index goes to its files, and from memory when others come. */
  sealed(segment: Segment): void {
    this.save(segment);
    if (segment.index !== null) this.#hold(segment);
  }

  /** Forgets a removed segment, and removes its index files. */
  remove(segment: Segment): void {
    this.#held.delete(segment);
    const { path } = this.#place(segment);
    this.#disk.remove(`${path}.index`);
    this.#disk.remove(`${path}.timeindex`);
  }

  /** The index files of a segment, when they cover exactly its bytes. */
  load(segment: Segment): SegmentIndex | null {
    return SegmentIndex.load(this.#place(segment), segment.bytes);
  }

  #hold(segment: Segment): void {
    this.#held.delete(segment);
    this.#held.add(segment);
    if (this.#held.size <= INDEXES_KEPT_MAX) return;
    const [oldest] = this.#held;
    if (oldest === undefined) return;
    this.#held.delete(oldest);
    oldest.index = null;
  }

  #rebuild(segment: Segment, save: boolean): SegmentIndex {
    const index = new SegmentIndex(segment.baseOffset);
    const lease = this.#files.acquire(segment.path);
    try {
      const source = new ByteSource(lease.file, segment.bytes);
      scanBatches(source, { position: 0, offset: segment.baseOffset }, {
        rules: {
          core: this.#core,
          offsetLimit: segment.endOffset,
          knows: () => true,
          trusts: () => true,
        },
        visitor: {
          batch: (header, position, after) => index.note(header, position, after),
          damage: () => {},
        },
      });
    } finally {
      lease.release();
    }
    segment.index = index;
    if (save) this.save(segment);
    return index;
  }

  #place(segment: Segment): IndexPlace {
    return {
      disk: this.#disk,
      path: segment.path.slice(0, -".log".length),
      baseOffset: segment.baseOffset,
      checksum: (bytes) => this.#core.crc32c(bytes),
    };
  }
}
