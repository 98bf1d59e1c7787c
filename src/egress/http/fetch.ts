/**
 * GET /v1/topics/{topic}/partitions/{partition}/records: a page of one partition, by offset or by
 * timestamp, in four representations. Waits for records where it is asked to.
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";
import { PARTITIONS_MAX } from "../../base/limits.ts";
import type { Offset } from "../../base/types.ts";
import { encodePage, type PageType } from "../../protocol/http/fetch_body.ts";
import { MediaType, negotiate } from "../../protocol/http/media_type.ts";
import { Query } from "../../protocol/http/query.ts";
import type { PartitionLog } from "../../store/partition_log.ts";
import { fetchWait } from "../fetch_wait.ts";
import { filterWait } from "../filter_wait.ts";
import { checkEpoch, epochBefore } from "../leader_epoch.ts";
import { lossNamer } from "../ledgered_losses.ts";
import type { RecordFilter } from "../record_filter.ts";
import { readRecordPage, type RecordPage } from "../record_page.ts";
import { ScanBudget, scanRecordPage } from "../record_scan.ts";
import type { EgressOptions, PullOptions } from "./options.ts";
import { checkReadable, explained, readFrom } from "./out_of_range.ts";
import {
  FETCH_PARAMETERS,
  type FetchParameters,
  fetchParameters,
  isInSourceOrder,
  pageOptions,
  waitSignal,
} from "./parameters.ts";
import { type PageBody, pageResponse } from "./page_response.ts";
import { rawPage } from "./raw_page.ts";
import { fetchInSourceOrder } from "./source.ts";
import { topicOf } from "./topics.ts";

const PARAMETERS = ["offset", "timestamp", "epoch", "order", "cursor", ...FETCH_PARAMETERS];

const DECODED = [MediaType.json, MediaType.ndjson, MediaType.cbor] as const;
const OFFERED = [...DECODED, MediaType.batches] as const;
const SAFE = { min: 0, max: Number.MAX_SAFE_INTEGER };

/** @throws {OperatingError} unknown_topic, unknown_partition, invalid_argument, and what reading throws. */
export async function fetchRecords(
  options: PullOptions,
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
  const waits = parameters.maxWaitMs > 0 || parameters.filter !== undefined;
  const signal = waits ? waitSignal(options, request) : undefined;
  const start = isFromEarliest(query) ? () => log.logStartOffset : () => offset;
  try {
    if (type === MediaType.batches) {
      const raw = (from: Offset) => awaitedRaw(options, log, { offset: from, parameters, signal });
      return await readFrom(start, raw);
    }
    const page = await readFrom(
      start,
      (from) => awaitedBody(options, log, { offset: from, parameters, signal, type }),
    );
    return await pageResponse(request, page, options.compress);
  } catch (error) {
    throw explained(error, log);
  }
}

async function awaitedRaw(
  { store }: PullOptions,
  log: PartitionLog,
  { offset, parameters, signal }: PageRequest,
): Promise<Response> {
  await fetchWait(log, offset, { ...parameters, signal });
  const lossesBefore = lossNamer(store.ranges);
  return await rawPage(log, offset, { maxBytes: parameters.maxBytes, lossesBefore, headersOf });
}

interface PageRequest {
  readonly offset: Offset;
  readonly parameters: FetchParameters;
  readonly signal: AbortSignal | undefined;
}

async function awaitedBody(
  options: PullOptions,
  log: PartitionLog,
  wanted: PageRequest & { readonly type: PageType },
): Promise<PageBody> {
  const { offset, parameters, signal, type } = wanted;
  const { filter, maxRecords, maxBytes, source } = parameters;
  if (filter !== undefined) {
    return pageBody(log, type, await awaitedMatches(options, log, { ...wanted, filter }));
  }
  await fetchWait(log, offset, { ...parameters, signal });
  const { handle, logStartOffset, highWatermark } = log;
  const ends = `${handle} ${offset} ${logStartOffset} ${highWatermark}`;
  return await options.pages.take(
    `${ends} ${type} ${maxRecords} ${maxBytes} ${source}`,
    async () =>
      pageBody(log, type, await readRecordPage(log, offset, pageOptions(options, parameters))),
  );
}

async function fetchPartitionInSourceOrder(
  options: PullOptions,
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
  const start = () => isFromEarliest(query) ? log.logStartOffset : offset;
  const wanted = { topic, partition: log.index, type, parameters, cursor, start };
  return await fetchInSourceOrder(options, request, wanted);
}

/** @throws {OperatingError} invalid_argument where a filter does not go with what is asked for. */
function checkFilter({ filter, minBytes }: FetchParameters, type: MediaType): void {
  if (filter === undefined) return;
  if (type === MediaType.batches) {
    throw new OperatingError(
      "invalid_argument",
      `Cannot filter ${MediaType.batches}: batches are given as they lie; accept another type`,
      { parameter: "Accept" },
    );
  }
  if (minBytes > 1) {
    throw new OperatingError(
      "invalid_argument",
      "Cannot wait for min_bytes of what a filter wants: it is waited for the first record",
      { parameter: "min_bytes" },
    );
  }
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

/** Who wants what there is, misses nothing when there is less. */
function isFromEarliest(query: Query): boolean {
  return !query.has("timestamp") && (query.text("offset") ?? "earliest") === "earliest";
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

/** A page with something of what is wanted in it, or none when the time is up. */
async function awaitedMatches(
  options: PullOptions,
  log: PartitionLog,
  { offset, parameters, filter, signal }: PageRequest & { readonly filter: RecordFilter },
): Promise<RecordPage> {
  const { clock, turns } = options;
  const scan = { ...pageOptions(options, parameters), filter, turns, signal };
  return await filterWait<RecordPage>({
    ...{ clock, signal, maxWaitMs: parameters.maxWaitMs },
    read: (before) =>
      scanRecordPage(log, before?.nextOffset ?? offset, { ...scan, budget: new ScanBudget() }),
    isWorthIt: ({ records, gaps, nextOffset }) =>
      records.length > 0 || gaps.length > 0 || nextOffset < log.highWatermark,
    wait: ({ nextOffset }, timeoutMs) => log.waitFor(nextOffset, { timeoutMs, signal }),
  });
}

function pageBody(
  log: PartitionLog,
  type: PageType,
  { records, gaps, nextOffset }: RecordPage,
): PageBody {
  const bytes = encodePage(type, {
    records,
    gaps,
    rest: {
      next_offset: nextOffset,
      leader_epoch: epochBefore(log, nextOffset),
      high_watermark: log.highWatermark,
      log_start_offset: log.logStartOffset,
    },
  });
  return { bytes, headers: headersOf(log, nextOffset, type) };
}

function headersOf(log: PartitionLog, nextOffset: Offset, type: string): Record<string, string> {
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
