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
import type { PartitionLog } from "../../store/partition_log.ts";
import type { Topic } from "../../store/topic.ts";
import { fetchWaitAny } from "../fetch_wait.ts";
import { checkEpoch, epochBefore } from "../leader_epoch.ts";
import { arrivalStream, readMergedPage } from "../merged_page.ts";
import { sourceNamer } from "../record_source.ts";
import { cursorPage } from "./cursor_page.ts";
import type { EgressOptions } from "./options.ts";
import {
  checkReadable,
  checkTopic,
  FETCH_PARAMETERS,
  fetchParameters,
  isInSourceOrder,
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
  options: EgressOptions,
  request: Request,
  topicName: string,
): Promise<Response> {
  const query = new Query(request.url, PARAMETERS);
  const type = negotiate(request.headers.get("accept"), OFFERED);
  const parameters = fetchParameters(query);
  const { maxRecords, maxBytes, maxWaitMs, source, filter } = parameters;
  const { store, inflate, nodeName } = options;
  const topic = topicOf(store, topicName);
  checkMergeable(topic);
  const text = query.text("cursor");
  if (isInSourceOrder(query)) {
    const start = (log: PartitionLog) => log.logStartOffset;
    const wanted = { topic, partition: null, type, parameters, cursor: text, start };
    return await fetchInSourceOrder(options, request, wanted);
  }
  const offsets = startOffsets(topic, text);
  if (maxWaitMs > 0) {
    const standings = topic.partitions.map((log, at) => ({ log, offset: offsets[at]! }));
    await fetchWaitAny(standings, { maxWaitMs, signal: waitSignal(options, request) });
  }

  const sourceOf = source
    ? sourceNamer({ nodeName, logs: store.logs, ranges: store.ranges })
    : undefined;
  const each = { core: store.core, inflate, maxRecords, maxBytes, sourceOf, filter };
  const streams = topic.partitions.map((log) => arrivalStream(log, each));
  const page = await readMergedPage(streams, offsets, { maxRecords, maxBytes });
  const cursor = encodeCursor(cursorAt(topic, page.places));
  const { records, gaps } = page;
  const lag = topic.partitions.reduce(
    (sum, log, at) => sum + Math.max(0, log.highWatermark - page.places[at]!),
    0,
  );
  return cursorPage(type, { records, gaps, cursor, lag });
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
  checkTopic(topic, cursor, topic.partitions.length);
  return topic.partitions.map((log, at) => {
    const { epoch, offset } = cursor.standings[at]!;
    checkEpoch(log, epoch, offset);
    checkReadable(log, offset);
    return offset;
  });
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
