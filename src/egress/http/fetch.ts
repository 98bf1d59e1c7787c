/**
 * GET /v1/topics/{topic}/partitions/{partition}/records: a page of one partition, by offset or by
 * timestamp, in four representations. Waits for records where it is asked to.
 *
 * @module
 */
import { BufferPool } from "../../base/buffer_pool.ts";
import { joined } from "../../base/bytes.ts";
import { OperatingError } from "../../base/errors.ts";
import { GAPS_PER_HEADER_MAX, INDEX_INTERVAL_BYTES, PARTITIONS_MAX } from "../../base/limits.ts";
import type { Offset } from "../../base/types.ts";
import { readBatchHeader } from "../../format/record_batch.ts";
import { encodePage, type PageGap, type PageType } from "../../protocol/http/fetch_body.ts";
import { MediaType, negotiate } from "../../protocol/http/media_type.ts";
import { Query } from "../../protocol/http/query.ts";
import type { PartitionLog } from "../../store/partition_log.ts";
import { fetchWait } from "../fetch_wait.ts";
import { checkEpoch, epochBefore } from "../leader_epoch.ts";
import { readOn, readRecordPage } from "../record_page.ts";
import { sourceNamer } from "../record_source.ts";
import type { EgressOptions } from "./options.ts";
import {
  checkReadable,
  FETCH_PARAMETERS,
  type FetchParameters,
  fetchParameters,
  isInSourceOrder,
  waitSignal,
} from "./parameters.ts";
import { fetchInSourceOrder } from "./source.ts";
import { topicOf } from "./topics.ts";

const PARAMETERS = ["offset", "timestamp", "epoch", "order", "cursor", ...FETCH_PARAMETERS];

const DECODED = [MediaType.json, MediaType.ndjson, MediaType.cbor] as const;
const OFFERED = [...DECODED, MediaType.batches] as const;
const SAFE = { min: 0, max: Number.MAX_SAFE_INTEGER };

/** @throws {OperatingError} unknown_topic, unknown_partition, invalid_argument, and what reading throws. */
export async function fetchRecords(
  options: EgressOptions,
  request: Request,
  place: { readonly topic: string; readonly partition: string },
): Promise<Response> {
  const query = new Query(request.url, PARAMETERS);
  const type = negotiate(request.headers.get("accept"), OFFERED);
  const parameters = fetchParameters(query);
  checkFilter(parameters, type);
  const log = partitionOf(options, place);
  if (isInSourceOrder(query)) {
    return await fetchPartitionInSourceOrder(options, request, { query, log, parameters });
  }
  if (query.has("cursor")) {
    throw new OperatingError(
      "invalid_argument",
      "Cannot take a cursor of one partition without order=source: go on at an offset",
      { parameter: "cursor" },
    );
  }
  const epoch = query.integer("epoch", { min: -1, max: 2 ** 31 - 1 });
  const offset = await startOffset(log, query);
  checkReadable(log, offset);
  if (epoch !== undefined) checkEpoch(log, epoch, offset);
  if (parameters.maxWaitMs > 0) {
    await fetchWait(log, offset, { ...parameters, signal: waitSignal(options, request) });
  }
  return type === MediaType.batches
    ? await rawPage(log, offset, parameters)
    : await decodedPage(options, log, { type, offset, parameters });
}

async function fetchPartitionInSourceOrder(
  options: EgressOptions,
  request: Request,
  { query, log, parameters }: {
    readonly query: Query;
    readonly log: PartitionLog;
    readonly parameters: FetchParameters;
  },
): Promise<Response> {
  const cursor = query.text("cursor");
  const other = ["offset", "timestamp", "epoch"].find((name) => query.has(name));
  if (cursor !== undefined && other !== undefined) {
    throw new OperatingError("invalid_argument", `Cannot take both cursor and ${other}`, {
      parameter: other,
    });
  }
  // Batches carry offsets that do not rise in this order.
  const type = negotiate(request.headers.get("accept"), DECODED);
  const offset = await startOffset(log, query);
  const epoch = query.integer("epoch", { min: -1, max: 2 ** 31 - 1 });
  if (epoch !== undefined) checkEpoch(log, epoch, offset);
  const topic = topicOf(options.store, log.topic);
  const start = () => offset;
  const wanted = { topic, partition: log.index, type, parameters, cursor, start };
  return await fetchInSourceOrder(options, request, wanted);
}

/** @throws {OperatingError} invalid_argument where batches are asked for, which lie as they are. */
function checkFilter({ filter }: FetchParameters, type: MediaType): void {
  if (filter === undefined || type !== MediaType.batches) return;
  throw new OperatingError(
    "invalid_argument",
    `Cannot filter ${MediaType.batches}: batches are given whole; accept another type`,
    { parameter: "Accept" },
  );
}

function partitionOf(
  { store }: EgressOptions,
  place: { readonly topic: string; readonly partition: string },
): PartitionLog {
  const topic = topicOf(store, place.topic);
  const partition = /^[0-9]{1,4}$/.test(place.partition) ? Number(place.partition) : PARTITIONS_MAX;
  const log = topic.partitions[partition];
  if (log !== undefined) return log;
  throw new OperatingError(
    "unknown_partition",
    `Cannot read partition "${place.partition.slice(0, 20)}" of topic ${topic.name}: ` +
      `it has ${topic.partitions.length}`,
    { topic: topic.name, partitions: topic.partitions.length },
  );
}

async function startOffset(log: PartitionLog, query: Query): Promise<Offset> {
  const timestamp = query.integer("timestamp", SAFE);
  if (timestamp === undefined) {
    const offset = query.text("offset") ?? "earliest";
    if (offset === "earliest") return log.logStartOffset;
    if (offset === "latest") return log.highWatermark;
    return query.integer("offset", SAFE)!;
  }
  if (query.has("offset")) {
    throw new OperatingError("invalid_argument", "Cannot take both offset and timestamp", {
      parameter: "timestamp",
    });
  }
  return await log.offsetForTimestamp(timestamp) ?? log.highWatermark;
}

async function decodedPage(
  { store, inflate, nodeName }: EgressOptions,
  log: PartitionLog,
  { type, offset, parameters }: {
    readonly type: PageType;
    readonly offset: Offset;
    readonly parameters: FetchParameters;
  },
): Promise<Response> {
  const { records, gaps, nextOffset } = await readRecordPage(log, offset, {
    core: store.core,
    inflate,
    maxRecords: parameters.maxRecords,
    maxBytes: parameters.maxBytes,
    filter: parameters.filter,
    sourceOf: parameters.source
      ? sourceNamer({ nodeName, logs: store.logs, ranges: store.ranges })
      : undefined,
  });
  const body = encodePage(type, {
    records,
    gaps,
    rest: {
      next_offset: nextOffset,
      leader_epoch: epochBefore(log, nextOffset),
      high_watermark: log.highWatermark,
      log_start_offset: log.logStartOffset,
    },
  });
  return new Response(body, { headers: pageHeaders(log, nextOffset, type) });
}

/** Batches as they lie on the disk; the first may begin before `offset`. */
async function rawPage(
  log: PartitionLog,
  offset: Offset,
  { maxBytes }: FetchParameters,
): Promise<Response> {
  const whole = { batches: [] as Uint8Array[], gaps: [] as PageGap[], nextOffset: offset };
  const window = maxBytes > WINDOW_BYTES_MAX ? undefined : windows.take(windowBytes(maxBytes));
  try {
    for await (const read of readOn(log, offset, maxBytes, window)) {
      whole.batches.push(...read.batches);
      whole.gaps.push(...read.gaps);
      whole.nextOffset = read.nextOffset;
    }
    const { batches, gaps, nextOffset } = withNameableGaps(whole);
    const headers = pageHeaders(log, nextOffset, MediaType.batches);
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

function pageHeaders(log: PartitionLog, nextOffset: Offset, type: string): Record<string, string> {
  return {
    "content-type": type,
    "cache-control": "no-store",
    "vary": "accept",
    "logboom-next-offset": String(nextOffset),
    "logboom-leader-epoch": String(epochBefore(log, nextOffset)),
    "logboom-high-watermark": String(log.highWatermark),
    "logboom-log-start-offset": String(log.logStartOffset),
  };
}
