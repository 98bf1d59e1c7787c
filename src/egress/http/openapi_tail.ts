/** The live tail. @module */
import { PARTITIONS_MAX } from "../../base/limits.ts";
import { EVENT_STREAM } from "../../protocol/http/event_stream.ts";
import { FILTER_QUERIES } from "./openapi_filter.ts";
import { inHeader, inQuery, problems, TOPIC } from "./openapi_paths.ts";
import { integer, text } from "./openapi_schemas.ts";

type Json = Readonly<Record<string, unknown>>;

export const TAIL_PATHS: Readonly<Record<string, Json>> = {
  "/v1/topics/{topic}/tail": {
    get: {
      operationId: "tail",
      summary: "Records as they come, as server-sent events",
      description:
        "An event without a name is a record as in a page of JSON; `gap` tells of offsets that hold " +
        "no records any more, or none for a reader; `end` says why this node ends the stream. The " +
        "id of each event is a cursor: who comes back with the last one as `Last-Event-ID`, as " +
        "`EventSource` does by itself, misses nothing and has nothing twice. Partitions come side " +
        "by side, each in its order. A reader who takes nothing for 30 s while there is something " +
        "is dropped.",
      parameters: [
        TOPIC,
        inQuery(
          "from",
          { type: "string", enum: ["earliest", "latest"], default: "latest" },
          "Where to begin without a cursor.",
        ),
        inQuery(
          "cursor",
          text,
          "Go on from there: the id of an event, or the cursor of a merged page.",
        ),
        inHeader("Last-Event-ID", text, "The same, and stronger: it is what a client had last."),
        inQuery(
          "partition",
          { ...integer, minimum: 0, maximum: PARTITIONS_MAX },
          "Only this one.",
        ),
        inQuery(
          "source",
          { type: "boolean", default: false },
          "Tell where each was durable first.",
        ),
        ...FILTER_QUERIES,
      ],
      responses: {
        200: {
          description: "A stream that ends when one of both wants it to.",
          content: { [EVENT_STREAM]: { schema: { ...text, description: "Server-sent events." } } },
        },
        ...problems([
          "forbidden",
          "invalid_argument",
          "log_diverged",
          "not_acceptable",
          "offset_out_of_range",
          "overloaded",
          "shutting_down",
          "storage_failed",
          "unauthorized",
          "unknown_partition",
          "unknown_topic",
        ]),
      },
    },
  },
};
