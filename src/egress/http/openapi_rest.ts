/** Producing as Confluent's REST Proxy v2 and Strimzi's bridge have it. @module */
import { REST_MEDIA_TYPE } from "../../protocol/http/rest_error.ts";
import { inPath, inQuery, TOPIC } from "./openapi_paths.ts";
import { integer, list, nullableInteger, object, ref, text } from "./openapi_schemas.ts";

type Json = Readonly<Record<string, unknown>>;

const nullableText: Json = { type: ["string", "null"] };

const PARTITION = inPath("partition", integer);

const ASYNC = inQuery(
  "async",
  { type: "boolean", default: false },
  "Strimzi's: 204 without offsets. It comes no sooner: once the records are durable.",
);

/** The answer to whatever went wrong, whose status is in it. */
export function restErrors(...statuses: readonly number[]): Json {
  return Object.fromEntries(statuses.map((status) => [status, {
    description: "`error_code` says it: the proxy's number, or the status.",
    content: { [REST_MEDIA_TYPE]: { schema: ref("RestError") } },
  }]));
}

const EMBEDDED: Readonly<Record<string, string>> = {
  json: "Keys and values are any JSON; stored is their source text.",
  binary: "Keys and values are base64.",
  text: "Keys and values are strings; stored is their UTF-8.",
};

const RECORDS = Object.fromEntries(
  Object.entries(EMBEDDED).map(([format, description]) => [
    `application/vnd.kafka.${format}.v2+json`,
    { schema: { ...ref("RestRecords"), description } },
  ]),
);

function produceAt(operationId: string, summary: string, parameters: readonly Json[]): Json {
  return {
    post: {
      operationId,
      summary,
      description:
        "As `POST /v1/topics/{topic}/records`, for clients of Confluent's REST Proxy v2 " +
        "and Strimzi's bridge. All records are checked before any is appended; where a disk " +
        "then refuses, the records of that partition have an error each. A retry appends again: " +
        "only the other call knows a request that comes twice.",
      parameters: [...parameters, ASYNC],
      requestBody: { required: true, content: RECORDS },
      responses: {
        200: {
          description: "Where each record lies, in their order.",
          content: { [REST_MEDIA_TYPE]: { schema: ref("RestOffsets") } },
        },
        204: { description: "With `async=true`." },
        ...restErrors(400, 401, 403, 404, 406, 408, 409, 413, 415, 422, 503, 507),
      },
    },
  };
}

export const REST_PATHS: Readonly<Record<string, Json>> = {
  "/topics/{topic}": produceAt("restProduce", "Append records, as the REST Proxy has it", [TOPIC]),
  "/topics/{topic}/partitions/{partition}": produceAt(
    "restProduceToPartition",
    "The same, to one partition",
    [TOPIC, PARTITION],
  ),
};

export const REST_SCHEMAS: Readonly<Record<string, Json>> = {
  RestError: object({
    error_code: integer,
    message: text,
    gaps: list({ type: "object" }),
    losses: { ...text, description: "Where the ledger tells more of them." },
  }, ["gaps", "losses"]),

  RestRecords: object({
    records: list(
      object({
        key: { description: "Of the embedded format; null: none." },
        value: { description: "The same." },
        partition: { ...nullableInteger, description: "Else by key, as Kafka's clients do." },
        timestamp: nullableInteger,
        headers: list(object({
          key: text,
          value: { ...nullableText, contentEncoding: "base64" },
        }, ["value"])),
      }, ["key", "value", "partition", "timestamp", "headers"]),
    ),
    key_schema_id: { type: "null" },
    value_schema_id: { type: "null" },
  }, ["key_schema_id", "value_schema_id"]),

  RestOffsets: object({
    offsets: list(object({
      partition: nullableInteger,
      offset: nullableInteger,
      error_code: nullableInteger,
      error: nullableText,
    })),
    key_schema_id: { type: "null" },
    value_schema_id: { type: "null" },
  }),
};
