/**
 * The segments of a partition as its checkpoint knows them, so that recovery need not read what was
 * whole and synced then.
 *
 * @module
 */
import { messageOf } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import type { Offset } from "../base/types.ts";
import type { PartitionCheckpoint, SegmentSummary } from "../format/checkpoint.ts";
import type { FileCache } from "./file_cache.ts";
import type { IndexCache } from "./index_cache.ts";
import { Segment } from "./segment.ts";
import { INDEX_SAVED_BYTES_MIN, SegmentIndex } from "./segment_index.ts";

export interface CheckpointedSegmentsOptions {
  readonly directory: string;
  readonly files: FileCache;
  readonly indexes: IndexCache;
  readonly logger: Logger;
  readonly checkpoint: PartitionCheckpoint | null;
  readonly deep?: boolean;
  /** Segments written anew, perhaps since the checkpoint: their files tell how long they are. */
  readonly rewritten?: readonly Offset[];
  readonly ageMs: () => number;
}

export class CheckpointedSegments {
  readonly #options: CheckpointedSegmentsOptions;
  readonly #summaries: ReadonlyMap<Offset, SegmentSummary>;
  /** Paths of files that could not be opened. */
  readonly unopened = new Set<string>();

  constructor(options: CheckpointedSegmentsOptions) {
    this.#options = options;
    const { checkpoint } = options;
    this.#summaries = new Map(checkpoint?.segments.map((each) => [each.baseOffset, each]));
  }

  summaryOf(baseOffset: Offset): SegmentSummary | undefined {
    return this.#summaries.get(baseOffset);
  }

  /** Segments below the recovery point are not read: the checkpoint tells what is in them. */
  *sealed(bases: readonly Offset[], scanFrom: Offset): Iterable<Segment> {
    const { directory } = this.#options;
    const rewritten = new Set(this.#options.rewritten);
    for (const [at, baseOffset] of bases.entries()) {
      const endOffset = bases[at + 1] ?? scanFrom;
      const known = this.#summaries.get(baseOffset);
      if (known !== undefined && !rewritten.has(baseOffset)) {
        yield Segment.ofSummary(directory, known, endOffset);
        continue;
      }
      const bytes = this.bytesOf(new Segment(directory, baseOffset).path);
      const summary = known ?? {
        baseOffset,
        minTimestamp: 0,
        maxTimestamp: Number.MAX_SAFE_INTEGER,
        receivedMs: this.#options.ageMs(),
      };
      yield Segment.ofSummary(directory, { ...summary, bytes }, endOffset);
    }
  }

  /** The segment as the checkpoint knew it, when the file still holds that much; else empty. */
  toScan(baseOffset: Offset): Segment {
    const { directory, checkpoint, indexes, deep } = this.#options;
    const summary = this.summaryOf(baseOffset);
    const empty = new Segment(directory, baseOffset);
    empty.index = new SegmentIndex(baseOffset);
    if (deep || checkpoint === null || baseOffset !== checkpoint.recoverySegment) return empty;
    const { recoveryPosition, recoveryPoint } = checkpoint;
    if (summary === undefined || recoveryPosition === 0) return empty;
    if (this.bytesOf(empty.path) < recoveryPosition) return empty;
    const segment = Segment.ofSummary(
      directory,
      { ...summary, bytes: recoveryPosition },
      recoveryPoint,
    );
    // A short one is built again when someone looks: it is not worth two files to open.
    segment.index = recoveryPosition < INDEX_SAVED_BYTES_MIN ? null : indexes.load(segment);
    return segment;
  }

  /** Zero where it cannot be opened. */
  bytesOf(path: string): number {
    const { files, logger } = this.#options;
    try {
      const lease = files.acquire(path);
      try {
        return lease.file.size();
      } finally {
        lease.release();
      }
    } catch (error) {
      logger.error("segment_not_opened", { path, error: messageOf(error) });
      this.unopened.add(path);
      return 0;
    }
  }
}
