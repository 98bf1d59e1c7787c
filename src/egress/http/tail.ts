/**
 * GET /v1/topics/{topic}/tail: records as they come, as server-sent events. Where a reader begins:
 * at the `Last-Event-ID` its client comes back with, else at `cursor=`, else at `from=`.
 *
 * @module
 */
import { isOperatingError, messageOf, OperatingError } from "../../base/errors.ts";
import { PARTITIONS_MAX } from "../../base/limits.ts";
import { endEvent, EVENT_STREAM } from "../../protocol/http/event_stream.ts";
import { utf8 } from "../../base/bytes.ts";
import { negotiate } from "../../protocol/http/media_type.ts";
import { Query } from "../../protocol/http/query.ts";
import { FILTER_PARAMETERS, RecordFilter } from "../record_filter.ts";
import { sourceNamer } from "../record_source.ts";
import type { TailHub, TailRequest } from "../tail/tail_hub.ts";
import { placeAt, placeOfCursor, type TailPlace, type TailScope } from "../tail/tail_place.ts";
import type { TailReader } from "../tail/tail_reader.ts";
import { checkMergeable } from "./merged.ts";
import type { EgressOptions } from "./options.ts";
import { topicOf } from "./topics.ts";

const PARAMETERS = ["from", "cursor", "partition", "source", ...FILTER_PARAMETERS];
const HEADERS = {
  "content-type": EVENT_STREAM,
  // Whoever gathers, to compress or to be kind to a network, takes the life out of it.
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
};

/** @throws {OperatingError} unknown_topic, unknown_partition, invalid_argument, log_diverged, overloaded */
export function tailRecords(
  options: EgressOptions,
  hub: TailHub,
  { request, topic: name }: { readonly request: Request; readonly topic: string },
): Response {
  const query = new Query(request.url, PARAMETERS);
  negotiate(request.headers.get("accept"), [EVENT_STREAM]);
  const { store, inflate, nodeName } = options;
  const filter = RecordFilter.ofQuery(query);
  const source = query.flag("source");
  const topic = topicOf(store, name);
  const partition = query.integer("partition", { min: 0, max: PARTITIONS_MAX }) ?? null;
  const scope = { topic, partition };
  checkScope(scope);
  const place = startPlace(scope, query, request.headers.get("last-event-id"));
  if (request.method === "HEAD") return new Response(null, { headers: HEADERS });
  const wanted: TailRequest = {
    ...{ core: store.core, losses: store.ranges, inflate, filter, scope, place },
    likeness: `${source} ${filter?.id ?? ""}`,
    sourceOf: source
      ? sourceNamer({ nodeName, logs: store.logs, ranges: store.ranges })
      : undefined,
    address: options.addressOf?.(request) ?? null,
  };
  return new Response(streamOf(options, hub.open(wanted)), { headers: HEADERS });
}

function checkScope({ topic, partition }: TailScope): void {
  if (partition === null) return checkMergeable(topic);
  if (partition < topic.partitions.length) return;
  throw new OperatingError(
    "unknown_partition",
    `Cannot tail partition ${partition} of topic ${topic.name}: it has ${topic.partitions.length}`,
    { topic: topic.name, partitions: topic.partitions.length },
  );
}

function startPlace(scope: TailScope, query: Query, lastEventId: string | null): TailPlace {
  const cursor = query.text("cursor");
  const from = query.text("from");
  if (cursor !== undefined && from !== undefined) {
    throw new OperatingError("invalid_argument", "Cannot take both cursor and from", {
      parameter: "from",
    });
  }
  if (from !== undefined && from !== "latest" && from !== "earliest") {
    throw new OperatingError(
      "invalid_argument",
      `Cannot tail from "${from.slice(0, 40)}": expected latest or earliest`,
      { parameter: "from" },
    );
  }
  // A client that lost the connection comes with the same address, and a header that knows more.
  const text = lastEventId || cursor;
  return text === undefined ? placeAt(scope, from ?? "latest") : placeOfCursor(scope, text);
}

/** Nothing is taken from the reader before the socket asks for it. */
function streamOf(options: EgressOptions, reader: TailReader): ReadableStream<Uint8Array> {
  let gone = false;
  return new ReadableStream({
    async pull(controller) {
      try {
        const bytes = await reader.next();
        // Who has gone while something was waited for is told nothing more.
        if (gone) return;
        if (bytes === null) controller.close();
        else controller.enqueue(bytes);
      } catch (error) {
        reader.close();
        if (gone) return;
        controller.enqueue(utf8(endEvent(endOfFailure(options, error))));
        controller.close();
      }
    },
    cancel() {
      gone = true;
      reader.close();
    },
  }, { highWaterMark: 0 });
}

function endOfFailure({ logger, onBug }: EgressOptions, error: unknown) {
  if (isOperatingError(error)) return { code: error.code, detail: error.message };
  const stack = error instanceof Error ? error.stack : undefined;
  logger.error("tail_failed", { error: messageOf(error), stack });
  onBug?.(error);
  return { code: "internal_error", detail: "A bug was met and logged" };
}
