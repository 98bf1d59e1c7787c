/**
 * The two sparse indexes of one segment, which grow together: entry k of each stands for the same
 * interval of the log. Kept in two files beside it, never synced: what is missing or wrong there is
 * built again from the log.
 *
 * @module
 */
import { INDEX_INTERVAL_BYTES } from "../base/limits.ts";
import type { Offset, Position, TimestampMs } from "../base/types.ts";
import {
  type Checksum,
  OFFSET_ENTRY_SIZE,
  openIndex,
  sealIndex,
  TIME_ENTRY_SIZE,
} from "../format/index_entry.ts";
import type { Disk } from "./disk.ts";
import { OffsetIndex } from "./offset_index.ts";
import { TimeIndex } from "./time_index.ts";

/** Bytes of an active segment from which on its index is saved with a checkpoint. */
export const INDEX_SAVED_BYTES_MIN = 16 * INDEX_INTERVAL_BYTES;

/** What an index needs to know of a batch. */
export interface IndexedBatch {
  readonly baseOffset: Offset;
  readonly maxTimestamp: TimestampMs;
}

/** Where the files of an index lie: `path` is the log file's without its suffix. */
export interface IndexPlace {
  readonly disk: Disk;
  readonly path: string;
  readonly baseOffset: Offset;
  readonly checksum: Checksum;
}

export class SegmentIndex {
  readonly offsets: OffsetIndex;
  readonly times: TimeIndex;

  constructor(baseOffset: Offset, offsets?: OffsetIndex, times?: TimeIndex) {
    this.offsets = offsets ?? new OffsetIndex(baseOffset);
    this.times = times ?? new TimeIndex(baseOffset);
  }

  /** Counts in the batch at `position`; `after` the damage of another, it gets its own entry. */
  note(batch: IndexedBatch, position: Position, after: "batch" | "damage" = "batch"): void {
    const last = this.offsets.lastPosition;
    if (last < 0 || after === "damage" || position - last >= INDEX_INTERVAL_BYTES) {
      this.offsets.add(batch.baseOffset, position);
      this.times.add(batch.baseOffset, batch.maxTimestamp);
    } else {
      this.times.raise(batch.maxTimestamp);
    }
  }

  /** Writes both files, good for the first `covered` bytes of the log. */
  save(place: IndexPlace, covered: Position): void {
    writeIndex(place, "index", this.offsets.encode(), covered);
    writeIndex(place, "timeindex", this.times.encode(), covered);
  }

  /** Reads both files; null when they are missing, wrong, or do not cover all of `covered`. */
  static load(place: IndexPlace, covered: Position): SegmentIndex | null {
    const offsetFile = readIndex(place, "index", OFFSET_ENTRY_SIZE);
    if (offsetFile === null) return null;
    const timeFile = readIndex(place, "timeindex", TIME_ENTRY_SIZE);
    if (timeFile === null) return null;
    if (offsetFile.covered !== covered || timeFile.covered !== covered) return null;
    if (offsetFile.entries !== timeFile.entries) return null;
    const offsets = OffsetIndex.decode(offsetFile.bytes, offsetFile.entries, place.baseOffset);
    if (offsets === null || offsets.lastPosition >= covered) return null;
    const times = TimeIndex.decode(timeFile.bytes, timeFile.entries, place.baseOffset);
    return new SegmentIndex(place.baseOffset, offsets, times);
  }
}

function writeIndex(
  { disk, path, checksum }: IndexPlace,
  suffix: string,
  bytes: Uint8Array,
  covered: Position,
): void {
  sealIndex(bytes, covered, checksum);
  const file = disk.open(`${path}.${suffix}`, { create: true });
  try {
    file.writeAt(0, bytes);
    if (file.size() > bytes.length) file.truncate(bytes.length);
  } finally {
    file.close();
  }
}

function readIndex(
  { disk, path, checksum }: IndexPlace,
  suffix: string,
  entrySize: number,
): { bytes: Uint8Array; covered: number; entries: number } | null {
  try {
    // After a crash an active segment has none; to throw that for thousands would delay the start.
    if (!disk.exists(`${path}.${suffix}`)) return null;
    const file = disk.open(`${path}.${suffix}`);
    try {
      const bytes = new Uint8Array(file.size());
      if (file.readAtNow(0, bytes) !== bytes.length) return null;
      const found = openIndex(bytes, entrySize, checksum);
      return found === null ? null : { bytes, ...found };
    } finally {
      file.close();
    }
  } catch {
    return null; // Not there, or not readable: the log has it all.
  }
}
