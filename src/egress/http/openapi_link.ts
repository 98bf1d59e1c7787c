/** The calls about the way to the upstream, which another room answers. @module */
import {
  LINK_BYTES_PER_SECOND_MIN,
  LINK_QUOTA_BYTES_MIN,
  LINK_WINDOWS_MAX,
} from "../../base/link_limits.ts";
import { document, jsonBody, TOPIC } from "./openapi_paths.ts";
import { integer, list, object, ref, text } from "./openapi_schemas.ts";

type Json = Readonly<Record<string, unknown>>;

const nullable = (schema: Json): Json => ({ ...schema, type: [schema["type"], "null"] });
const amount = (minimum: number, description: string): Json => ({
  type: ["integer", "null"],
  minimum,
  description,
});
const number: Json = { type: "number", minimum: 0 };
const instant: Json = { ...text, format: "date-time" };

const LIMITS = {
  bytes_per_second: amount(LINK_BYTES_PER_SECOND_MIN, "Sent, counted on the wire."),
  bytes_per_day: amount(LINK_QUOTA_BYTES_MIN, "Sent and received."),
  bytes_per_month: amount(LINK_QUOTA_BYTES_MIN, "Sent and received."),
  time_zone: { ...text, description: "An IANA name: whose days and hours these are." },
  windows: {
    ...list(ref("LinkWindow"), { maxItems: LINK_WINDOWS_MAX }),
    description: "When requests may begin; none: at any time.",
  },
};

const WRITING = [
  "body_too_large",
  "invalid_argument",
  "malformed_body",
  "not_found",
  "request_timeout",
  "storage_failed",
  "storage_full",
  "unsupported_media_type",
] as const;
const PRIORITY = ["invalid_argument", "unknown_topic", "storage_failed", "storage_full"] as const;

export const LINK_PATHS: Readonly<Record<string, Json>> = {
  "/v1/link": { get: document("describeLink", "The way to the upstream", "Link") },
  "/v1/link/budget": {
    get: document("describeLinkBudget", "What the link may use", "LinkBudget", {
      codes: ["not_found"],
    }),
    put: {
      ...document("changeLinkBudget", "Set what is named, at once, for good", "LinkBudget", {
        codes: WRITING,
      }),
      description: "What is not named stays; null takes a limit away (RFC 7396).",
      requestBody: jsonBody(ref("LinkBudgetChange")),
    },
    delete: document("resetLinkBudget", "Return to the configuration", "LinkBudget", {
      codes: ["not_found", "storage_failed", "storage_full"],
    }),
  },
  "/v1/topics/{topic}/priority": {
    put: {
      ...document("changePriority", "Which topics go first, at once, for good", "TopicPriority", {
        parameters: [TOPIC],
        codes: [...WRITING.filter((code) => code !== "not_found"), "unknown_topic"],
      }),
      requestBody: jsonBody(object({ priority: { type: "integer", minimum: 1, maximum: 9 } })),
    },
    delete: document("resetPriority", "Return to the configuration", "TopicPriority", {
      parameters: [TOPIC],
      codes: PRIORITY,
    }),
  },
};

const period = object({ bytes: integer, left: nullable(integer), ends: instant });

export const LINK_SCHEMAS: Readonly<Record<string, Json>> = {
  TopicPriority: object({ topic: text, priority: integer }),
  LinkWindow: object({
    days: {
      ...list({ enum: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] }, { minItems: 1 }),
      description: "On which it begins; every day where they are left out.",
    },
    from: { ...text, pattern: "^\\d\\d:\\d\\d$" },
    to: { ...text, description: "Exclusive; not after `from`: on the next day." },
  }, ["days"]),
  LinkBudgetChange: { ...object(LIMITS, Object.keys(LIMITS)), additionalProperties: false },
  LinkBudget: object({
    ...LIMITS,
    configured: ref("LinkBudgetChange"),
    changed: { ...list(text), description: "Keys that were set at run time." },
    used: object({ day: period, month: period }),
    schedule: object({ open: { type: "boolean" }, changes: nullable(instant) }),
  }),
  Link: object({
    state: {
      enum: [
        ...["none", "stopped", "connecting", "connected", "backing_off", "refused", "waiting"],
      ],
    },
    upstream: nullable(text),
    upstream_node: nullable(text),
    error: nullable(text),
    error_code: nullable(text),
    failures: integer,
    waiting_for: {
      anyOf: [
        { type: "null" },
        object({
          reason: { enum: ["schedule", "day_quota", "month_quota"] },
          until: { ...nullable(instant), description: "Null: until the budget is changed." },
        }),
      ],
    },
    lag: object({
      records: integer,
      backlog_records: integer,
      backlog_bytes: integer,
      live_delay_ms: { ...nullable(number), description: "Of the newest live record delivered." },
    }),
    lanes: object({
      total: integer,
      split: { ...integer, description: "Whose live records go ahead of a backlog." },
      waiting: integer,
      refused: list(object({ lane: text, code: text, detail: text })),
    }),
    requests_in_flight: integer,
    bytes_per_second: { ...integer, description: "What the link was last seen to deliver." },
    catch_up_seconds: nullable(integer),
    wire: object({
      sent_bytes: { ...integer, description: "Heads and bodies of requests, as they went." },
      received_bytes: integer,
      body_bytes: { ...integer, description: "Bodies before they were compressed as a whole." },
      zstd_saved_bytes: integer,
    }),
    compression: {
      ...object({
        raw_to_batches: nullable(number),
        bodies_to_wire: nullable(number),
        raw_to_wire: nullable(number),
      }),
      description: "How many times smaller: as records were sealed, whole requests, all in all.",
    },
    classes: {
      type: "object",
      additionalProperties: integer,
      description: "Bytes sent, by class: `control`, `live-1` to `live-9`, `backlog-1` to …",
    },
    budget: ref("LinkBudget"),
  }, [
    ...["upstream_node", "error", "error_code", "failures", "waiting_for", "lag", "lanes"],
    ...[
      "requests_in_flight",
      "bytes_per_second",
      "catch_up_seconds",
      "wire",
      "compression",
      "classes",
      "budget",
    ],
  ]),
};
