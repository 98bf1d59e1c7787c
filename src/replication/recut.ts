/**
 * Cuts a batch anew, where the receiver has some of its records already: a gateway on a full disk
 * thinned what a relay holds whole, and what was left of it went to the root another way.
 *
 *     here        [0 .. 20)
 *     upstream    [0, 1)           [7, 8)
 *     goes            [1 ... 7)         [8 ... 20)
 *
 * What goes keeps its log id and its offsets. All in one turn: the core's open batch is nobody
 * else's.
 *
 * @module
 */
import { PARTITIONS_MAX } from "../base/limits.ts";
import type { OffsetRange } from "../base/types.ts";
import type { Core } from "../core/core.ts";
import type { DecodedRecord } from "../core/record.ts";
import { type BatchHeader, readBatchHeader } from "../format/record_batch.ts";

/** Source offsets, and a batch of the records there. */
export interface BatchPart extends OffsetRange {
  readonly batch: Uint8Array;
}

/** gzip, snappy, zstd: what a client compressed is never thinned, and stays as it is. */
const CODECS_LEFT = new Set([1, 2, 4]);
const LZ4 = 3;

/** Records of `ranges`, source offsets within the batch, in batches of their own; null if they stay. */
export function recut(
  core: Core,
  batch: Uint8Array,
  ranges: readonly OffsetRange[],
): BatchPart[] | null {
  const header = readBatchHeader(batch);
  const handle = freeHandle(core);
  if (CODECS_LEFT.has(header.attributes & 7) || handle === null) return null;
  const records = core.decode(batch);
  const isDense = records.length === header.lastOffset - header.baseOffset + 1;
  if (!isDense) return null;
  const parts: BatchPart[] = [];
  for (const { from, to } of ranges) {
    const first = from - header.sourceOffset;
    const those = records.slice(first, to - header.sourceOffset);
    if (!put(core, handle, { header, records: those, from, parts })) return null;
  }
  return parts;
}

interface Put {
  readonly header: BatchHeader;
  readonly records: readonly DecodedRecord[];
  /** Source offset of the first. */
  readonly from: number;
  readonly parts: BatchPart[];
}

/** False where the core has no room for them now. */
function put(core: Core, handle: number, { header, records, from, parts }: Put): boolean {
  const { leaderEpoch, logId, attributes } = header;
  const compression = (attributes & 7) === LZ4 ? "lz4" : "none";
  let baseOffset = from;
  const seal = (to: number) => {
    const batch = core.seal(handle, { baseOffset, leaderEpoch, logId, compression });
    parts.push({ from: baseOffset, to, batch });
    baseOffset = to;
  };
  for (const [at, record] of records.entries()) {
    let status = core.append(handle, record);
    if (status === "batch_full") {
      seal(from + at);
      status = core.append(handle, record);
    }
    if (status === "ok") continue;
    core.discard(handle);
    return false;
  }
  seal(from + records.length);
  return true;
}

/** A partition's number under which nothing is being gathered. */
function freeHandle(core: Core): number | null {
  const taken = new Set(core.openHandles());
  for (let handle = PARTITIONS_MAX - 1; handle >= 0; handle--) {
    if (!taken.has(handle)) return handle;
  }
  return null;
}
