/**
 * Whose records a range of a partition holds, and what is known of them: bytes and times. Own
 * records stand at their own offsets; where records of several nodes lie together, or some are gone
 * already, only the headers of what is there tell.
 *
 * @module
 */
import type { LogId, Offset, OffsetRange } from "../base/types.ts";
import { readBatchHeader } from "../format/record_batch.ts";
import type { PartitionName } from "./books.ts";
import type { NewLedgerEntry } from "./ledger_entry.ts";
import type { LogRegistry } from "./log_registry.ts";
import type { PartitionLog } from "./partition_log.ts";

/** What is known of the records of a range. */
export interface Extent extends OffsetRange {
  readonly bytes: number;
  readonly minTimestamp: number;
  readonly maxTimestamp: number;
}

/** Records of one log, in its own offsets, and what is known of parts of them, in order. */
export interface Share extends OffsetRange {
  /** Null where damage left no way to tell. */
  readonly logId: LogId | null;
  readonly extents: readonly Extent[];
}

/** Bytes read at once to tell whose records are given up. */
const READ_BYTES = 1024 * 1024;

/** By offsets alone: only where no other node's records lie in the partition. */
export function ownShares(
  logs: Pick<LogRegistry, "chain" | "endOf">,
  { topic, index }: PartitionName,
  { from, to, extents }: OffsetRange & { readonly extents: readonly Extent[] },
): Share[] {
  return logs.chain(topic, index)
    .map((row) => ({
      logId: row.logId,
      from: Math.max(from, row.firstOffset),
      to: Math.min(to, logs.endOf(row, to)),
      extents,
    }))
    .filter((share) => share.from < share.to);
}

/** By the headers of what is there. */
export async function sharesByHeader(log: PartitionLog, range: OffsetRange): Promise<Share[]> {
  const batches = new Map<LogId, Extent[]>();
  for (let offset = range.from; offset < range.to;) {
    const page = await log.read(offset, { maxBytes: READ_BYTES, upTo: range.to });
    for (const batch of page.batches) {
      const { logId, extent } = extentOf(batch);
      const ofLog = batches.get(logId) ?? [];
      batches.set(logId, ofLog);
      ofLog.push(extent);
    }
    offset = Math.max(page.nextOffset, offset + 1);
  }
  return Array.from(batches, ([logId, extents]) => {
    extents.sort((a, b) => a.from - b.from);
    return runs(extents).map((run) => ({ logId, ...run, extents }));
  }).flat();
}

/**
 * The same of damage: what lies before it and behind it tells, where it is of one log. Of that, the
 * part from `fromOffset` on.
 */
export async function shareOfDamage(
  log: PartitionLog,
  damage: OffsetRange,
  fromOffset: Offset,
): Promise<Share | null> {
  const before = await batchAt(log, damage.from - 1);
  const behind = await batchAt(log, damage.to);
  if (before === null || behind === null || before.logId !== behind.logId) return null;
  const [from, to] = [before.extent.to, behind.extent.from];
  if (to - from !== damage.to - damage.from) return null;
  return { logId: before.logId, from: from + fromOffset - damage.from, to, extents: [] };
}

async function batchAt(log: PartitionLog, offset: number) {
  if (offset < log.logStartOffset || offset >= log.highWatermark) return null;
  const { batches: [batch] } = await log.read(offset, { maxBytes: 1, upTo: offset + 1 });
  return batch === undefined ? null : extentOf(batch);
}

function extentOf(batch: Uint8Array): { readonly logId: LogId; readonly extent: Extent } {
  const header = readBatchHeader(batch);
  const { logId, sourceOffset: from, baseOffset, lastOffset } = header;
  const extent = {
    from,
    to: from + lastOffset - baseOffset + 1,
    bytes: header.sizeBytes,
    minTimestamp: header.baseTimestamp,
    maxTimestamp: header.maxTimestamp,
  };
  return { logId, extent };
}

/** Segments, as far as they are known without reading. */
export function segmentExtents(log: Pick<PartitionLog, "segments">): Extent[] {
  return log.segments()
    .filter(({ bytes }) => bytes > 0)
    .map(({ baseOffset: from, endOffset: to, bytes, minTimestamp, maxTimestamp }) => ({
      ...{ from, to, bytes, minTimestamp, maxTimestamp },
    }));
}

/** Bytes and times of a range, by the extents it lies in; records of one are taken to be alike. */
export function factsOf(
  { from, to }: OffsetRange,
  extents: readonly Extent[],
): Pick<NewLedgerEntry, "bytes" | "minTimestamp" | "maxTimestamp"> {
  let [bytes, minTimestamp, maxTimestamp] = [0, -1, -1];
  for (let at = firstBehind(extents, from); at < extents.length; at++) {
    const extent = extents[at]!;
    if (extent.from >= to) break;
    const common = Math.min(to, extent.to) - Math.max(from, extent.from);
    if (common <= 0) continue;
    bytes += extent.bytes * common / (extent.to - extent.from);
    const first = maxTimestamp < 0;
    minTimestamp = first ? extent.minTimestamp : Math.min(minTimestamp, extent.minTimestamp);
    maxTimestamp = Math.max(maxTimestamp, extent.maxTimestamp);
  }
  return { bytes: Math.round(bytes), minTimestamp, maxTimestamp };
}

/** The first extent that ends above `from`. */
function firstBehind(extents: readonly Extent[], from: number): number {
  let [low, high] = [0, extents.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (extents[middle]!.to <= from) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Unbroken runs of sorted extents. */
function runs(extents: readonly Extent[]): OffsetRange[] {
  const joined: { from: number; to: number }[] = [];
  for (const { from, to } of extents) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else joined.push({ from, to });
  }
  return joined;
}
