/**
 * A page of batches as they lie on the disk; the first may begin before the offset asked for.
 *
 * @module
 */
import { BufferPool } from "../../base/buffer_pool.ts";
import { joined } from "../../base/bytes.ts";
import { GAPS_PER_HEADER_MAX, INDEX_INTERVAL_BYTES } from "../../base/limits.ts";
import type { Offset } from "../../base/types.ts";
import { readBatchHeader } from "../../format/record_batch.ts";
import type { PageGap } from "../../protocol/http/fetch_body.ts";
import { MediaType } from "../../protocol/http/media_type.ts";
import type { PartitionLog } from "../../store/partition_log.ts";
import type { LossesBefore } from "../ledgered_losses.ts";
import { readOn } from "../record_page.ts";

export interface RawPageOptions {
  readonly maxBytes: number;
  /** Tells what was lost before it came here. */
  readonly lossesBefore: LossesBefore;
  /** What every page says of itself. */
  readonly headersOf: (
    log: PartitionLog,
    nextOffset: Offset,
    type: string,
  ) => Record<string, string>;
}

/** @throws {OperatingError} offset_out_of_range, with the valid range */
export async function rawPage(
  log: PartitionLog,
  offset: Offset,
  { maxBytes, lossesBefore, headersOf }: RawPageOptions,
): Promise<Response> {
  const whole = { batches: [] as Uint8Array[], gaps: [] as PageGap[], nextOffset: offset };
  const window = maxBytes > WINDOW_BYTES_MAX ? undefined : windows.take(windowBytes(maxBytes));
  try {
    for await (const read of readOn(log, offset, maxBytes, window)) {
      whole.batches.push(...read.batches);
      const headers = read.batches.map((batch) => readBatchHeader(batch))
        .filter(({ baseOffset }) => baseOffset >= offset);
      const gaps = [...read.gaps, ...headers.flatMap(lossesBefore)];
      whole.gaps.push(...gaps.sort((a, b) => a.from - b.from));
      whole.nextOffset = read.nextOffset;
    }
    const { batches, gaps, nextOffset } = withNameableGaps(whole);
    const headers = headersOf(log, nextOffset, MediaType.batches);
    if (gaps.length > 0) headers["logboom-gaps"] = JSON.stringify(gaps);
    // A response copies its body as it is made (Fetch standard, "extract a body").
    return new Response(joined(batches), { headers });
  } finally {
    if (window !== undefined) windows.give(window);
  }
}

/** Larger pages are rare, and would keep much memory. */
const WINDOW_BYTES_MAX = 2 * 1024 * 1024;
/** Memory that raw pages are read into: a fresh window for each would be most of their cost. */
const windows = new BufferPool({ keptMax: 4, bytesMin: 64 * 1024 });

/** A read looks for the first batch between two entries of the index. */
function windowBytes(maxBytes: number): number {
  return Math.max(maxBytes, INDEX_INTERVAL_BYTES) + INDEX_INTERVAL_BYTES;
}

interface RawRead {
  readonly batches: readonly Uint8Array[];
  readonly gaps: readonly PageGap[];
  readonly nextOffset: Offset;
}

/** Cuts a page where it passes more gaps than a header can name. */
function withNameableGaps({ batches, gaps, nextOffset }: RawRead): RawRead {
  const tooMany = gaps[GAPS_PER_HEADER_MAX];
  if (tooMany === undefined) return { batches, gaps, nextOffset };
  return {
    batches: batches.filter((batch) => readBatchHeader(batch).baseOffset < tooMany.from),
    gaps: gaps.slice(0, GAPS_PER_HEADER_MAX),
    nextOffset: tooMany.from,
  };
}
