/**
 * Finds batches of another node's log among those of all others, to give them back. Source offsets
 * of a log rise with the local ones but for what arrived as backlog behind live records, so it looks
 * where bisection says first, and then, over several requests, from one end to the other. One search
 * at a time, and a bounded amount of reading for each answer: a repair is never urgent.
 *
 * @module
 */
import { concat } from "../base/bytes.ts";
import { OperatingError } from "../base/errors.ts";
import { REFETCH_SEARCH_BYTES, REFETCHES_WAITING_MAX } from "../base/link_limits.ts";
import type { Offset, OffsetRange } from "../base/types.ts";
import { type BatchHeader, readBatchHeader } from "../format/record_batch.ts";
import type { FetchAnswer, FetchRequest } from "../protocol/replication/fetch.ts";
import { RangeSet } from "../store/range_set.ts";
import type { PartitionLog } from "../store/partition_log.ts";
import type { ReceivedLog } from "../store/received_log.ts";

export interface RefetchOptions {
  readonly find: (logId: string) => ReceivedLog | undefined;
  readonly partition: (log: ReceivedLog) => PartitionLog;
}

type Sought = Pick<FetchRequest, "logId" | "from" | "to" | "maxBytes">;

const PAGE_BYTES = 1024 * 1024;
/** Pages read at one place of the bisection to come upon a batch of the log. */
const PAGES_PER_PROBE = 4;

export class Refetch {
  readonly #options: RefetchOptions;
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: RefetchOptions) {
    this.#options = options;
  }

  /**
   * What there is of [from, to), for a peer that may speak for the log.
   *
   * @throws {OperatingError} log_not_announced, overloaded
   */
  async fetch(request: FetchRequest, peer: string): Promise<FetchAnswer> {
    const log = this.#options.find(request.logId);
    if (log === undefined || !log.paths.includes(peer)) {
      const message =
        `Cannot give back records of log ${request.logId}: this peer never announced it`;
      throw new OperatingError("log_not_announced", message, { log_id: request.logId });
    }
    if (!holdsAny(log, request)) return { batches: new Uint8Array(0), searchFrom: null };
    if (this.#waiting >= REFETCHES_WAITING_MAX) {
      throw new OperatingError("overloaded", "Cannot search for records: too many others do");
    }
    this.#waiting++;
    const searched = this.#turn.then(() => this.#search(this.#options.partition(log), request));
    this.#turn = searched.catch(() => {}).finally(() => this.#waiting--);
    return await searched;
  }

  async #search(log: PartitionLog, request: FetchRequest): Promise<FetchAnswer> {
    const { searchFrom } = request;
    if (searchFrom !== null) return await walk(log, request, searchFrom);
    const place = await bisect(log, request);
    const answer = place === null ? null : await collect(log, request, place);
    if (answer !== null && answer.batches.length > 0) return answer;
    return { batches: answer?.batches ?? new Uint8Array(0), searchFrom: log.logStartOffset };
  }
}

/** A local offset at which a batch within the range stands, if they stand in order. */
async function bisect(log: PartitionLog, sought: Sought): Promise<Offset | null> {
  let low = log.logStartOffset;
  let high = log.highWatermark;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const found = await probe(log, sought, { from: middle, to: high });
    if (found === null) {
      high = middle; // None of the log from there on, or too far away to be seen.
    } else if (found.sourceOffset >= sought.to) {
      high = middle;
    } else if (endOf(found) <= sought.from) {
      low = found.lastOffset + 1;
    } else {
      // Those before it are in the range, too, perhaps.
      if (found.sourceOffset <= sought.from || high - low <= 1) return found.baseOffset;
      const earlier = await probe(log, sought, { from: low, to: found.baseOffset });
      if (earlier !== null && isWithin(earlier, sought)) return earlier.baseOffset;
      if (earlier === null || endOf(earlier) > sought.from) return found.baseOffset;
      low = earlier.lastOffset + 1;
      high = found.lastOffset + 1;
    }
  }
  return null;
}

/** The first batch of the log at or behind a local offset, if it is near. */
async function probe(
  log: PartitionLog,
  { logId }: Sought,
  { from, to }: OffsetRange,
): Promise<BatchHeader | null> {
  let at = from;
  for (let page = 0; page < PAGES_PER_PROBE && at < to; page++) {
    const { batches, nextOffset } = await log.read(at, { maxBytes: PAGE_BYTES, upTo: to });
    for (const batch of batches) {
      const header = readBatchHeader(batch);
      if (header.logId === logId) return header;
    }
    at = nextOffset;
  }
  return null;
}

/** The batches of the range from a local offset on, as far as they follow one another there. */
async function collect(log: PartitionLog, sought: Sought, place: Offset): Promise<FetchAnswer> {
  const answer = await walk(log, sought, place);
  return answer.batches.length > 0 ? answer : { ...answer, searchFrom: null };
}

/** Looks from a local offset on until it has found some, was looking long enough, or is through. */
async function walk(log: PartitionLog, sought: Sought, place: Offset): Promise<FetchAnswer> {
  const { logId, to, maxBytes } = sought;
  const found: Uint8Array[] = [];
  let foundBytes = 0;
  let expected: Offset | null = null;
  let readBytes = 0;
  let at = Math.max(place, log.logStartOffset);
  while (at < log.highWatermark && readBytes < REFETCH_SEARCH_BYTES) {
    const { batches, nextOffset } = await log.read(at, { maxBytes: PAGE_BYTES });
    for (const batch of batches) {
      readBytes += batch.length;
      const header = readBatchHeader(batch);
      if (header.logId !== logId || !isWithin(header, sought)) continue;
      if (expected !== null && header.sourceOffset !== expected) {
        return { batches: concat(found), searchFrom: header.baseOffset };
      }
      if (found.length > 0 && foundBytes + batch.length > maxBytes) {
        return { batches: concat(found), searchFrom: header.baseOffset };
      }
      found.push(batch);
      foundBytes += batch.length;
      expected = endOf(header);
      if (expected >= to) return { batches: concat(found), searchFrom: null };
    }
    at = nextOffset;
  }
  return { batches: concat(found), searchFrom: at < log.highWatermark ? at : null };
}

/** By the books: what never came is not worth a search. */
function holdsAny({ watermark, islands, lost }: ReceivedLog, { from, to }: OffsetRange): boolean {
  const received = new RangeSet(watermark, islands);
  const missing = received.lacking(from, to);
  if (missing.some((range) => range.from <= from && to <= range.to)) return false;
  return !lost.some((range) => range.from <= from && to <= range.to);
}

function isWithin(header: BatchHeader, { from, to }: OffsetRange): boolean {
  return header.sourceOffset >= from && endOf(header) <= to;
}

function endOf({ sourceOffset, baseOffset, lastOffset }: BatchHeader): Offset {
  return sourceOffset + lastOffset - baseOffset + 1;
}
