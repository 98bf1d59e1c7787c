/**
 * Checkpoint: where recovery starts, and what was known there. Two files, `checkpoint-a` and
 * `checkpoint-b`, hold two generations; each is rewritten in place, in turn, and synced.
 *
 *     0  magic        4 bytes  "LBCP"
 *     4  version      u32      1
 *     8  generation   u64      rises by one with each checkpoint
 *    16  length       u32      bytes of the payload
 *    20  crc          u32      CRC-32C of bytes 0 .. 19 and of the payload
 *    24  payload      UTF-8 JSON, {@linkcode CheckpointPayload} with keys in snake_case
 *        zeros        up to the preallocated size
 *
 * All integers big-endian.
 *
 * @module
 */
import type { LogId, Offset, OffsetRange, Position } from "../base/types.ts";

export interface EpochStart {
  readonly epoch: number;
  readonly startOffset: Offset;
}

/** A range of offsets that stay assigned and hold no readable records. */
export interface Gap extends OffsetRange {
  readonly reason: "corrupt" | "lost";
}

export interface SegmentSummary {
  readonly baseOffset: Offset;
  readonly bytes: number;
  readonly minTimestamp: number;
  readonly maxTimestamp: number;
  /** When its last batch was appended, by the store's age clock. */
  readonly receivedMs: number;
}

export interface PartitionCheckpoint {
  readonly logStartOffset: Offset;
  /** Offsets below this are synced. */
  readonly recoveryPoint: Offset;
  /** Base offset of the segment that holds the recovery point, and the synced bytes in it. */
  readonly recoverySegment: Offset;
  readonly recoveryPosition: Position;
  readonly epochs: readonly EpochStart[];
  readonly gaps: readonly Gap[];
  /** Oldest first, the one with the recovery point last. */
  readonly segments: readonly SegmentSummary[];
}

export type { LogId };
