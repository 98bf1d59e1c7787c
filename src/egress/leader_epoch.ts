/**
 * Leader epochs tell a reader's log from another one with the same name: a node restored from a
 * backup has fewer records than were read from it, and gives their offsets to others. A reader
 * hands back the epoch of the last record it read; where this log's history contradicts it, that is
 * said, and nothing is silently skipped or read twice.
 *
 * @module
 */
import { OperatingError } from "../base/errors.ts";
import type { Offset } from "../base/types.ts";

/** What it needs of a PartitionLog. */
export interface EpochLog {
  readonly topic: string;
  readonly index: number;
  readonly leaderEpoch: number;
  readonly highWatermark: Offset;
  readonly logStartOffset: Offset;
  readonly epochs: readonly { readonly epoch: number; readonly startOffset: Offset }[];
}

/** Leader epoch of the record before `offset`, or -1 where the log does not know it. */
export function epochBefore(log: EpochLog, offset: Offset): number {
  let before = -1;
  for (const { epoch, startOffset } of log.epochs) {
    if (startOffset >= offset) break;
    before = epoch;
  }
  return before;
}

/** @throws {OperatingError} log_diverged when no record of `epoch` lies before `offset` here. */
export function checkEpoch(log: EpochLog, epoch: number, offset: Offset): void {
  if (epoch < 0) return;
  const endOffset = epochEnd(log, epoch);
  if (epoch <= log.leaderEpoch && offset <= endOffset) return;
  throw new OperatingError(
    "log_diverged",
    `Cannot read ${log.topic}-${log.index} at ${offset}: leader epoch ${epoch} ` +
      (epoch > log.leaderEpoch ? "is unknown here" : `ended at ${endOffset} here`),
    {
      topic: log.topic,
      partition: log.index,
      epoch,
      epoch_end_offset: Math.min(endOffset, log.highWatermark),
      log_start_offset: log.logStartOffset,
      high_watermark: log.highWatermark,
    },
  );
}

/** The offset behind the last record of `epoch` and all epochs before it. */
function epochEnd(log: EpochLog, epoch: number): Offset {
  const next = log.epochs.find((start) => start.epoch > epoch);
  return next?.startOffset ?? log.highWatermark;
}
