/**
 * GET /v1/topics/{topic}/records?cursor=: all partitions of a topic merged, from an opaque cursor on.
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";
import { MERGED_PARTITIONS_MAX } from "../../base/limits.ts";
import { type Cursor, decodeCursor, encodeCursor } from "../../protocol/http/cursor.ts";
import { MediaType, negotiate } from "../../protocol/http/media_type.ts";
import { Query } from "../../protocol/http/query.ts";
import type { Offset } from "../../base/types.ts";
import type { PartitionLog } from "../../store/partition_log.ts";
import type { Topic } from "../../store/topic.ts";
import { fetchWaitAny } from "../fetch_wait.ts";
import { checkEpoch, epochBefore } from "../leader_epoch.ts";
import { filterWait } from "../filter_wait.ts";
import { arrivalStream, filteredStream, type MergedPage, readMergedPage } from "../merged_page.ts";
import { ScanBudget } from "../record_scan.ts";
import { cursorPage } from "./cursor_page.ts";
import { checkAllReadable, readFrom } from "./out_of_range.ts";
import type { PullOptions } from "./options.ts";
import { pageResponse } from "./page_response.ts";
import {
  FETCH_PARAMETERS,
  type FetchParameters,
  fetchParameters,
  isInSourceOrder,
  pageOptions,
  standingsOf,
  waitSignal,
} from "./parameters.ts";
import { fetchInSourceOrder } from "./source.ts";
import { topicOf } from "./topics.ts";

const PARAMETERS = [
  "cursor",
  "order",
  ...FETCH_PARAMETERS.filter((name) => name !== "min_bytes"),
];
const OFFERED = [MediaType.json, MediaType.ndjson, MediaType.cbor] as const;

/** @throws {OperatingError} log_diverged when the cursor is of another topic or history. */
export async function fetchMerged(
  options: PullOptions,
  request: Request,
  topicName: string,
): Promise<Response> {
  const query = new Query(request.url, PARAMETERS);
  const type = negotiate(request.headers.get("accept"), OFFERED);
  const parameters = fetchParameters(query);
  const topic = topicOf(options.store, topicName);
  checkMergeable(topic);
  const text = query.text("cursor");
  if (isInSourceOrder(query)) {
    const start = (log: PartitionLog) => log.logStartOffset;
    const wanted = { topic, partition: null, type, parameters, cursor: text, start };
    return await fetchInSourceOrder(options, request, wanted);
  }
  const waits = parameters.maxWaitMs > 0 || parameters.filter !== undefined;
  const signal = waits ? waitSignal(options, request) : undefined;
  const page = await readFrom(
    () => startOffsets(topic, text),
    (offsets) => awaitedPage(options, { topic, offsets, parameters, signal }),
  );
  const cursor = encodeCursor(cursorAt(topic, page.places));
  const { records, gaps } = page;
  const lag = topic.partitions.reduce(
    (sum, log, at) => sum + Math.max(0, log.highWatermark - page.places[at]!),
    0,
  );
  const body = cursorPage(type, { records, gaps, cursor, lag });
  return await pageResponse(request, body, options.compress);
}

interface MergedRequest {
  readonly topic: Topic;
  readonly offsets: readonly Offset[];
  readonly parameters: FetchParameters;
  readonly signal: AbortSignal | undefined;
}

/** A page with something in it, or none when the time is up. */
async function awaitedPage(
  options: PullOptions,
  { topic, offsets, parameters, signal }: MergedRequest,
): Promise<MergedPage<Offset>> {
  const { clock, turns } = options;
  const { filter, maxWaitMs } = parameters;
  const each = pageOptions(options, parameters);
  const { partitions } = topic;
  const wait = (at: readonly Offset[], maxWaitMs: number) => {
    const standings = partitions.map((log, nth) => ({ log, offset: at[nth]! }));
    return fetchWaitAny(standings, { maxWaitMs, signal });
  };
  if (filter === undefined) {
    await wait(offsets, maxWaitMs);
    return await readMergedPage(partitions.map((log) => arrivalStream(log, each)), offsets, each);
  }
  return await filterWait<MergedPage<Offset>>({
    ...{ clock, signal, maxWaitMs },
    read: (before) => {
      const places = before?.places ?? offsets;
      const unread = partitions.filter((log, at) => places[at]! < log.highWatermark).length;
      const streams = partitions.map((log) =>
        filteredStream(log, { ...each, filter, turns, signal, budget: new ScanBudget(unread) })
      );
      return readMergedPage(streams, places, each);
    },
    isWorthIt: ({ records, gaps, places }) =>
      records.length > 0 || gaps.length > 0 ||
      partitions.some((log, at) => places[at]! < log.highWatermark),
    wait: ({ places }, leftMs) => wait(places, leftMs),
  });
}

/** @throws {OperatingError} invalid_argument when a cursor of all partitions would be too long. */
export function checkMergeable(topic: Topic): void {
  if (topic.partitions.length <= MERGED_PARTITIONS_MAX) return;
  throw new OperatingError(
    "invalid_argument",
    `Cannot merge ${topic.name}: it has ${topic.partitions.length} partitions, ` +
      `${MERGED_PARTITIONS_MAX} at most can be merged; read them one by one`,
    { topic: topic.name, parameter: "topic" },
  );
}

function startOffsets(topic: Topic, text: string | undefined): number[] {
  if (text === undefined) return topic.partitions.map((log) => log.logStartOffset);
  const cursor = decodeCursor(text);
  if (cursor.source !== undefined) {
    throw new OperatingError(
      "invalid_argument",
      "Cannot go on from the cursor: it is of a read with order=source",
      { parameter: "cursor" },
    );
  }
  const known = standingsOf(topic, cursor, topic.partitions.length);
  const standings = topic.partitions.map((log, at) => {
    const { epoch, offset } = known[at]!;
    checkEpoch(log, epoch, offset);
    return { log, offset };
  });
  checkAllReadable(standings, (offsets) => encodeCursor(cursorAt(topic, offsets)));
  return standings.map(({ offset }) => offset);
}

function cursorAt(topic: Topic, offsets: readonly number[]): Cursor {
  return {
    topicId: topic.id,
    standings: topic.partitions.map((log, at) => ({
      epoch: epochBefore(log, offsets[at]!),
      offset: offsets[at]!,
    })),
  };
}
