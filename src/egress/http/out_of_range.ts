/**
 * 416 offset_out_of_range: what a reader who comes too late has missed, where the ledger tells of
 * losses, and how to go on with what is left.
 *
 *   topic, partition, offset, log_start_offset, high_watermark   of the first that is out of range
 *   missed   [{partition, from, to, records}]  what lies below the log start; absent where none does
 *   losses   where the ledger of that topic is asked for
 *   cursor   of a read by cursor: the same place, moved up to what is left
 *
 * @module
 */
import { isOperatingError, OperatingError } from "../../base/errors.ts";
import type { Offset } from "../../base/types.ts";

/** What it needs of a PartitionLog. */
export interface RangedLog {
  readonly topic: string;
  readonly index: number;
  readonly logStartOffset: Offset;
  readonly highWatermark: Offset;
}

export interface Standing {
  readonly log: RangedLog;
  readonly offset: Offset;
}

/** Before anything is waited for: an offset out of range never comes into it by waiting. */
export function checkReadable(log: RangedLog, offset: Offset): void {
  checkAllReadable([{ log, offset }]);
}

/**
 * The same for all partitions of a read at once, so that its reader hears of all in one answer.
 *
 * @param cursorAt makes the cursor that stands at other offsets
 */
export function checkAllReadable(
  standings: readonly Standing[],
  cursorAt?: (offsets: readonly Offset[]) => string,
): void {
  const beyond = standings.find(({ log, offset }) => offset > log.highWatermark);
  if (beyond !== undefined) throw outOfRange(beyond, {});
  const late = standings.filter(({ log, offset }) => offset < log.logStartOffset);
  if (late.length === 0) return;
  const cursor = cursorAt?.(
    standings.map(({ log, offset }) => Math.max(offset, log.logStartOffset)),
  );
  throw outOfRange(late[0]!, { ...missedBy(late), ...(cursor === undefined ? {} : { cursor }) });
}

/** The same of what a read met meanwhile; everything else as it is. */
export function explained(error: unknown, log: RangedLog): unknown {
  if (!isOperatingError(error, "offset_out_of_range")) return error;
  const { offset } = error.detail;
  if (typeof offset !== "number" || offset >= log.logStartOffset) return error;
  return outOfRange({ log, offset }, missedBy([{ log, offset }]));
}

/**
 * Reads from a start. Where retention overtakes the read, it begins again: `start` says of a place
 * that was asked for what is missed of it, and how to go on, and of the earliest where that is now.
 */
export async function readFrom<Start, Page>(
  start: () => Start,
  read: (start: Start) => Promise<Page>,
): Promise<Page> {
  for (let begin = start();;) {
    try {
      return await read(begin);
    } catch (error) {
      if (!isOperatingError(error, "offset_out_of_range")) throw error;
      const again = start();
      if (JSON.stringify(again) === JSON.stringify(begin)) throw error;
      begin = again;
    }
  }
}

function missedBy(late: readonly Standing[]): { readonly missed: object; readonly losses: string } {
  const missed = late.map(({ log: { index, logStartOffset }, offset }) => ({
    ...{ partition: index, from: offset, to: logStartOffset },
    records: logStartOffset - offset,
  }));
  return { missed, losses: `/v1/losses?topic=${encodeURIComponent(late[0]!.log.topic)}` };
}

function outOfRange({ log, offset }: Standing, more: object): OperatingError {
  const { topic, index, logStartOffset, highWatermark } = log;
  return new OperatingError(
    "offset_out_of_range",
    `Cannot read ${topic}-${index} at ${offset}: offsets ${logStartOffset} to ${highWatermark} ` +
      "can be read from",
    {
      ...{ topic, partition: index, offset },
      ...{ log_start_offset: logStartOffset, high_watermark: highWatermark },
      ...more,
    },
  );
}
