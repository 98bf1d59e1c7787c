/**
 * GET /v1/topics/{topic}/records?cursor=: all partitions of a topic merged, from an opaque cursor on.
 *
 * @module
 */
import { OperatingError } from "../../base/errors.ts";
import { MERGED_PARTITIONS_MAX } from "../../base/limits.ts";
import { type Cursor, decodeCursor, encodeCursor } from "../../protocol/http/cursor.ts";
import { encodePage } from "../../protocol/http/fetch_body.ts";
import { MediaType, negotiate } from "../../protocol/http/media_type.ts";
import { Query } from "../../protocol/http/query.ts";
import type { Topic } from "../../store/topic.ts";
import { fetchWaitAny } from "../fetch_wait.ts";
import { checkEpoch, epochBefore } from "../leader_epoch.ts";
import { readMergedPage } from "../merged_page.ts";
import { sourceNamer } from "../record_source.ts";
import { checkReadable, fetchParameters, waitSignal } from "./fetch.ts";
import type { EgressOptions } from "./options.ts";
import { topicOf } from "./topics.ts";

const PARAMETERS = ["cursor", "max_records", "max_bytes", "max_wait_ms", "source"];
const OFFERED = [MediaType.json, MediaType.ndjson, MediaType.cbor] as const;

/** @throws {OperatingError} log_diverged when the cursor is of another topic or history. */
export async function fetchMerged(
  options: EgressOptions,
  request: Request,
  topicName: string,
): Promise<Response> {
  const query = new Query(request.url, PARAMETERS);
  const type = negotiate(request.headers.get("accept"), OFFERED);
  const { maxRecords, maxBytes, maxWaitMs, source } = fetchParameters(query);
  const { store, inflate, nodeName } = options;
  const topic = topicOf(store, topicName);
  const offsets = startOffsets(topic, query.text("cursor"));
  if (maxWaitMs > 0) {
    const standings = topic.partitions.map((log, at) => ({ log, offset: offsets[at]! }));
    await fetchWaitAny(standings, { maxWaitMs, signal: waitSignal(options, request) });
  }

  const page = await readMergedPage(topic.partitions, offsets, {
    core: store.core,
    inflate,
    maxRecords,
    maxBytes,
    sourceOf: source
      ? sourceNamer({ nodeName, logs: store.logs, ranges: store.ranges })
      : undefined,
  });
  const cursor = encodeCursor(cursorAt(topic, page.nextOffsets));
  const { records, gaps } = page;
  const lag = topic.partitions.reduce(
    (sum, log, at) => sum + Math.max(0, log.highWatermark - page.nextOffsets[at]!),
    0,
  );
  const body = encodePage(type, { records, gaps, rest: { cursor, lag } });
  return new Response(body, {
    headers: {
      "content-type": type,
      "cache-control": "no-store",
      "vary": "accept",
      "logboom-cursor": cursor,
      "logboom-lag": String(lag),
    },
  });
}

function startOffsets(topic: Topic, text: string | undefined): number[] {
  if (topic.partitions.length > MERGED_PARTITIONS_MAX) {
    throw new OperatingError(
      "invalid_argument",
      `Cannot merge ${topic.name}: it has ${topic.partitions.length} partitions, ` +
        `${MERGED_PARTITIONS_MAX} at most can be merged; read them one by one`,
      { topic: topic.name, parameter: "topic" },
    );
  }
  if (text === undefined) return topic.partitions.map((log) => log.logStartOffset);
  const cursor = decodeCursor(text);
  checkTopic(topic, cursor);
  return topic.partitions.map((log, at) => {
    const { epoch, offset } = cursor.standings[at]!;
    checkEpoch(log, epoch, offset);
    checkReadable(log, offset);
    return offset;
  });
}

function checkTopic(topic: Topic, { topicId, standings }: Cursor): void {
  if (topicId === topic.id && standings.length === topic.partitions.length) return;
  throw new OperatingError(
    "log_diverged",
    `Cannot go on from the cursor: it is of another topic than today's ${topic.name}`,
    { topic: topic.name, topic_id: topic.id, cursor_topic_id: topicId },
  );
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
