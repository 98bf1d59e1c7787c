/** The calls of the API. @module */
import {
  FETCH_BYTES_DEFAULT,
  FETCH_BYTES_MAX,
  FETCH_RECORDS_DEFAULT,
  FETCH_RECORDS_MAX,
  FETCH_WAIT_MS_MAX,
  PRODUCER_ID_CHARACTERS_MAX,
  TOPIC_NAME_MAX,
} from "../../base/limits.ts";
import { statusOf } from "../../protocol/http/problem.ts";
import type { ProblemCode } from "../../protocol/http/problem.ts";
import { MediaType } from "../../protocol/http/media_type.ts";
import { FILTER_QUERIES } from "./openapi_filter.ts";
import { integer, list, ref, text } from "./openapi_schemas.ts";

type Json = Readonly<Record<string, unknown>>;

export const TOPIC = inPath("topic", {
  type: "string",
  maxLength: TOPIC_NAME_MAX,
  pattern: "^[a-zA-Z0-9._-]+$",
});

const PAGE_PARAMETERS = [
  inQuery("max_records", bounded(1, FETCH_RECORDS_MAX, FETCH_RECORDS_DEFAULT)),
  inQuery("max_bytes", bounded(1, FETCH_BYTES_MAX, FETCH_BYTES_DEFAULT)),
  inQuery("max_wait_ms", bounded(0, FETCH_WAIT_MS_MAX, 0), "How long to wait for records."),
  inQuery(
    "order",
    { type: "string", enum: ["arrival", "source"], default: "arrival" },
    "`source`: of each log of each gateway only what is here in one piece, in its own order, " +
      "every record once. What arrived ahead of it waits.",
  ),
  inQuery(
    "source",
    { type: "boolean", default: false },
    "Tell where each record was first durable.",
  ),
  ...FILTER_QUERIES,
  inHeader(
    "Accept-Encoding",
    text,
    "`zstd` or `gzip`, with their qualities: pages of 1 KiB and more come packed so. Raw batches " +
      "are never packed.",
  ),
];

const FILTERED =
  "A record must be all that `key`, `header.NAME`, `contains`, `since` and `until` ask for. So " +
  "much is looked through for a page: where little matches, it may end with few records, or none, " +
  "and be followed by others. With `max_wait_ms` it is waited for a record that matches.";

const RAW = { type: "string", format: "binary" };

export const PATHS: Readonly<Record<string, Json>> = {
  "/v1/topics/{topic}/records": {
    post: {
      operationId: "produce",
      summary: "Append records; answered once they are durable",
      description:
        "All records of a request are checked before any is appended. The topic is made " +
        "on first use.",
      parameters: [
        TOPIC,
        inQuery("partition", integer, "Else by key: murmur2(key) mod partitions, as Kafka does."),
        inQuery("key", text, "Of every record that has none of its own."),
        inHeader(
          "Logboom-Producer-Id",
          { type: "string", maxLength: PRODUCER_ID_CHARACTERS_MAX, pattern: "^[ -~]+$" },
          "With `Logboom-Sequence`: a repeat is not appended again and gets the first answer.",
        ),
        inHeader("Logboom-Sequence", integer, "Rises with each new request of the producer."),
        inHeader("Content-Encoding", { type: "string", enum: ["identity", "gzip", "zstd"] }),
      ],
      requestBody: {
        required: true,
        content: {
          [MediaType.json]: { schema: { description: "A value, or an array: a record each." } },
          [MediaType.ndjson]: { schema: { ...text, description: "A line a record." } },
          [MediaType.cbor]: { schema: { ...RAW, description: "An item, or an array of them." } },
          [MediaType.text]: { schema: { ...text, description: "A line a record." } },
          [MediaType.octets]: { schema: { ...RAW, description: "One record." } },
          [MediaType.records]: {
            schema: { anyOf: [ref("RecordForm"), list(ref("RecordForm"), { minItems: 1 })] },
          },
          [MediaType.batches]: {
            schema: { ...RAW, description: "Kafka record batches (magic 2), stamped anew." },
          },
        },
      },
      responses: {
        200: {
          description: "Durable. An array where keys spread over partitions.",
          headers: { "Logboom-Replayed": { schema: { const: "true" }, description: "A repeat." } },
          content: both({ anyOf: [ref("Landing"), list(ref("Landing"))] }),
        },
        ...problems([
          "body_too_large",
          "forbidden",
          "invalid_argument",
          "invalid_topic",
          "malformed_body",
          "not_acceptable",
          "overloaded",
          "record_too_large",
          "request_timeout",
          "sequence_conflict",
          "sequence_too_old",
          "shutting_down",
          "storage_failed",
          "storage_full",
          "too_many_partitions",
          "too_many_topics",
          "unauthorized",
          "unknown_partition",
          "unsupported_media_type",
        ]),
      },
    },
    get: {
      operationId: "fetchMerged",
      summary: "All partitions merged, by timestamp and then by partition",
      description: FILTERED,
      parameters: [
        TOPIC,
        inQuery(
          "cursor",
          text,
          "Of an earlier page of the same order; from the earliest records without it.",
        ),
        ...PAGE_PARAMETERS,
      ],
      responses: {
        200: {
          description: "A page. In NDJSON the cursor is in its header.",
          headers: headers(["Logboom-Cursor", "Logboom-Lag", "Logboom-Held-Back"]),
          content: { ...both(ref("MergedPage")), ...lines() },
        },
        ...problems([
          "forbidden",
          "invalid_argument",
          "log_diverged",
          "not_acceptable",
          "offset_out_of_range",
          "unauthorized",
          "unknown_topic",
        ]),
      },
    },
  },

  "/v1/topics/{topic}/partitions/{partition}/records": {
    delete: document("wipe", "Give up the records below an offset; scope admin", "Wiped", {
      parameters: [
        TOPIC,
        inPath("partition", integer),
        { ...inQuery("before", integer, "The first offset to keep."), required: true },
      ],
      codes: [
        "invalid_argument",
        "offset_out_of_range",
        "storage_failed",
        "unknown_partition",
        "unknown_topic",
      ],
    }),
    get: {
      operationId: "fetch",
      summary: "A page of one partition",
      description: FILTERED + " Raw batches are given as they lie, and cannot be filtered.",
      parameters: [
        TOPIC,
        inPath("partition", integer),
        inQuery(
          "offset",
          {
            anyOf: [integer, { type: "string", enum: ["earliest", "latest"] }],
            default: "earliest",
          },
        ),
        inQuery("timestamp", integer, "Instead of offset: the first record at or after it."),
        inQuery(
          "epoch",
          { type: "integer", minimum: -1 },
          "Leader epoch of the last record read: 416 where this log's history contradicts it.",
        ),
        inQuery(
          "cursor",
          text,
          "With `order=source`, where offsets do not tell how far one has read: of an earlier page.",
        ),
        inQuery(
          "min_bytes",
          bounded(1, FETCH_BYTES_MAX, 1),
          "Wait for so many bytes, in the order of arrival.",
        ),
        ...PAGE_PARAMETERS,
      ],
      responses: {
        200: {
          description:
            "A page; empty at the high watermark when the wait is over. Raw batches are " +
            "untouched from the disk, and the first may begin before the offset asked for. With " +
            "`order=source` a page has a cursor in place of offsets, and raw batches are not given.",
          headers: headers([
            "Logboom-Next-Offset",
            "Logboom-Leader-Epoch",
            "Logboom-High-Watermark",
            "Logboom-Log-Start-Offset",
            "Logboom-Gaps",
            "Logboom-Cursor",
            "Logboom-Lag",
            "Logboom-Held-Back",
          ]),
          content: {
            ...both({ anyOf: [ref("Page"), ref("MergedPage")] }),
            ...lines(),
            [MediaType.batches]: { schema: RAW },
          },
        },
        ...problems([
          "forbidden",
          "invalid_argument",
          "log_diverged",
          "not_acceptable",
          "offset_out_of_range",
          "storage_failed",
          "unauthorized",
          "unknown_partition",
          "unknown_topic",
        ]),
      },
    },
  },

  "/v1/gateways": {
    get: document("listGateways", "The logs that replicate here, and their lag", "Gateways", {
      parameters: [
        inQuery("gateway", text, "Only logs of this one."),
        inQuery("topic", text, "Only logs of this topic."),
        inQuery("closed", { type: "boolean", default: false }, "Also those that are over."),
      ],
      codes: ["invalid_argument"],
    }),
  },
  "/v1/losses": {
    get: document("listLosses", "The ledger, and the account of each log", "Losses", {
      parameters: [
        inQuery("after", integer, "Only entries with a higher id."),
        inQuery("max_entries", bounded(1, 10_000, 1_000)),
        inQuery("log_id", text, "Only this log."),
        inQuery("topic", text, "Only logs of this topic, at their origin."),
        inQuery("reason", ref("LossReason"), "Only entries for this reason."),
        inQuery("since", integer, "Only entries with records at or after this timestamp, in ms."),
        inQuery("until", integer, "Only entries with records before this timestamp, in ms."),
      ],
      codes: ["invalid_argument", "unknown_topic"],
    }),
  },

  "/healthz": {
    get: {
      operationId: "health",
      summary: "Liveness",
      security: [],
      responses: { 200: { description: "The process answers.", content: json(ref("Status")) } },
    },
  },
  "/readyz": {
    get: {
      operationId: "readiness",
      summary: "Readiness",
      security: [],
      responses: {
        200: { description: "Records are taken and served.", content: json(ref("Status")) },
        503: {
          description:
            "Stopping, the disk is full for a topic that rejects, or the catalogue failed.",
          content: json(ref("Status")),
        },
      },
    },
  },
  "/metrics": {
    get: {
      operationId: "metrics",
      summary: "Prometheus text exposition",
      responses: {
        200: { description: "Metrics.", content: { "text/plain": { schema: text } } },
        ...problems(["forbidden", "unauthorized"]),
      },
    },
  },
  "/openapi.json": {
    get: {
      operationId: "openapi",
      summary: "This document",
      security: [],
      responses: { 200: { description: "OpenAPI 3.1.", content: json({ type: "object" }) } },
    },
  },
};

export function document(
  operationId: string,
  summary: string,
  schema: string,
  more: { parameters?: readonly Json[]; codes?: readonly ProblemCode[] } = {},
): Json {
  const codes = new Set<ProblemCode>(["forbidden", "not_acceptable", "unauthorized"]);
  for (const code of more.codes ?? []) codes.add(code);
  return {
    operationId,
    summary,
    ...(more.parameters === undefined ? {} : { parameters: more.parameters }),
    responses: {
      200: { description: summary, content: both(ref(schema)) },
      ...problems([...codes]),
    },
  };
}

/** A body of JSON that must be there. */
export function jsonBody(schema: Json): Json {
  return { required: true, content: json(schema) };
}

/** Codes by the status they come with. */
export function problems(codes: readonly ProblemCode[]): Record<string, Json> {
  const responses: Record<string, Json> = {};
  for (const [status, same] of Map.groupBy(codes, statusOf)) {
    responses[status] = {
      description: `A problem: ${same.toSorted().map((code) => `\`${code}\``).join(", ")}.`,
      content: { "application/problem+json": { schema: ref("Problem") } },
    };
  }
  return responses;
}

export function inPath(name: string, schema: Json): Json {
  return { name, in: "path", required: true, schema };
}

export function inQuery(name: string, schema: Json, description?: string): Json {
  return { name, in: "query", schema, ...(description === undefined ? {} : { description }) };
}

export function inHeader(name: string, schema: Json, description?: string): Json {
  return { name, in: "header", schema, ...(description === undefined ? {} : { description }) };
}

function bounded(minimum: number, maximum: number, initial: number): Json {
  return { type: "integer", minimum, maximum, default: initial };
}

function json(schema: Json): Json {
  return { [MediaType.json]: { schema } };
}

function both(schema: Json): Json {
  return { ...json(schema), [MediaType.cbor]: { schema } };
}

function lines(): Json {
  return {
    [MediaType.ndjson]: {
      schema: { ...text, description: 'A record a line; `{"gap": {...}}` where a gap lies.' },
    },
  };
}

function headers(names: readonly string[]): Json {
  return Object.fromEntries(names.map((name) => [name, { schema: text }]));
}
