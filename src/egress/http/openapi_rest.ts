/** Topics and producing as Confluent's REST Proxy v2 and Strimzi's bridge have them. @module */
import { TOPIC } from "./openapi_paths.ts";
import { REST_CONSUMER_PATHS, REST_CONSUMER_SCHEMAS } from "./openapi_rest_consumers.ts";
import { REST_ASYNC, REST_PARTITION, restContent, restErrors } from "./openapi_rest_parts.ts";
import { integer, list, nullableInteger, object, ref, text } from "./openapi_schemas.ts";

type Json = Readonly<Record<string, unknown>>;

const nullableText: Json = { type: ["string", "null"] };

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

function produceTo(operationId: string, summary: string, parameters: readonly Json[]): Json {
  return {
    operationId,
    summary,
    description: "As `POST /v1/topics/{topic}/records`, for clients of Confluent's REST Proxy v2 " +
      "and Strimzi's bridge. All records are checked before any is appended; where a disk " +
      "then refuses, the records of that partition have an error each. A retry appends again: " +
      "only the other call knows a request that comes twice.",
    parameters: [...parameters, REST_ASYNC],
    requestBody: { required: true, content: RECORDS },
    responses: {
      200: {
        description: "Where each record lies, in their order.",
        content: restContent(ref("RestOffsets")),
      },
      204: { description: "With `async=true`." },
      ...restErrors(400, 401, 403, 404, 406, 408, 409, 413, 415, 422, 503, 507),
    },
  };
}

function described(
  operationId: string,
  summary: string,
  { schema, parameters = [] }: { readonly schema: Json; readonly parameters?: readonly Json[] },
): Json {
  return {
    operationId,
    summary,
    parameters,
    responses: {
      200: { description: summary, content: restContent(schema) },
      ...restErrors(400, 401, 403, 404, 406),
    },
  };
}

export const REST_PATHS: Readonly<Record<string, Json>> = {
  "/topics": {
    get: described("restTopics", "The names of all topics", { schema: list(text) }),
  },
  "/topics/{topic}": {
    get: described("restTopic", "One topic", { schema: ref("RestTopic"), parameters: [TOPIC] }),
    post: produceTo("restProduce", "Append records, as the REST Proxy has it", [TOPIC]),
  },
  "/topics/{topic}/partitions": {
    get: described("restPartitions", "Its partitions", {
      schema: list(ref("RestPartition")),
      parameters: [TOPIC],
    }),
  },
  "/topics/{topic}/partitions/{partition}": {
    get: described("restPartition", "One of them", {
      schema: ref("RestPartition"),
      parameters: [TOPIC, REST_PARTITION],
    }),
    post: produceTo("restProduceToPartition", "Append records to one partition", [
      TOPIC,
      REST_PARTITION,
    ]),
  },
  "/topics/{topic}/partitions/{partition}/offsets": {
    get: described("restPartitionOffsets", "Where it begins and ends", {
      schema: ref("RestRange"),
      parameters: [TOPIC, REST_PARTITION],
    }),
  },
  ...REST_CONSUMER_PATHS,
};

export const REST_SCHEMAS: Readonly<Record<string, Json>> = {
  ...REST_CONSUMER_SCHEMAS,

  RestTopic: object({
    name: text,
    configs: { type: "object", description: "Settings by Kafka's names, as text." },
    partitions: list(ref("RestPartition")),
  }),

  RestPartition: object({
    partition: integer,
    leader: { ...integer, description: "This node is the only broker: 0." },
    replicas: list({ type: "object" }),
  }),

  RestRange: object({ beginning_offset: integer, end_offset: integer }),

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
