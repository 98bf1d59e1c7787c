/** The documents of the API, as JSON Schema. @module */
import { LEDGER_REASONS } from "../../store/ledger_entry.ts";
import { PROBLEM_CODES } from "../../protocol/http/problem.ts";

type Schema = Readonly<Record<string, unknown>>;

export const text: Schema = { type: "string" };
export const integer: Schema = { type: "integer", minimum: 0 };
export const nullableInteger: Schema = { type: ["integer", "null"], minimum: 0 };
const nullableText: Schema = { type: ["string", "null"] };
const flag: Schema = { type: "boolean" };
const logId: Schema = { type: "string", pattern: "^[0-9a-f]{16}$" };

export function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

export function list(items: Schema, more: Schema = {}): Schema {
  return { type: "array", items, ...more };
}

/** An object; members named in `optional` may be absent, all others are always there. */
export function object(properties: Record<string, Schema>, optional: readonly string[] = []) {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", properties, ...(required.length > 0 ? { required } : {}) };
}

const bytes = (name: string, what: string): Record<string, Schema> => ({
  [name]: {
    ...nullableText,
    description: `${what}, where its bytes are UTF-8. In CBOR a byte string where they are not.`,
  },
  [`${name}_base64`]: {
    type: "string",
    contentEncoding: "base64",
    description: `Stands in JSON for \`${name}\` where its bytes are no UTF-8.`,
  },
});

const offsetRange = { from: integer, to: { ...integer, description: "Exclusive." } };

const target = object({ topic: text, partition: integer });

const account = {
  accepted: { ...integer, description: "Records this node made durable, or holds and knows of." },
  delivered: { ...integer, description: "Settled at the root of the chain of nodes." },
  pending: { ...integer, description: "Neither delivered nor ledgered." },
  ledgered: { ...integer, description: "Left without being delivered; an entry tells why." },
};

export const SCHEMAS: Readonly<Record<string, Schema>> = {
  Problem: {
    ...object({
      type: { type: "string", description: "`urn:logboom:problem:` and the code." },
      title: text,
      status: integer,
      detail: text,
      code: { type: "string", enum: [...PROBLEM_CODES].sort() },
      retriable: { ...flag, description: "Whether the very same request can succeed later." },
    }),
    additionalProperties: {
      description: "Coordinates: topic, partition, parameter, line, limit, log_start_offset ...",
    },
  },

  Landing: object({
    topic: text,
    partition: integer,
    base_offset: { ...integer, description: "Of the first record." },
    last_offset: { ...integer, description: "Of the last record, inclusive." },
    records: integer,
  }),

  Header: object({ key: text, ...bytes("value", "The value") }, ["value", "value_base64"]),

  RecordForm: {
    ...object({
      ...bytes("key", "The key"),
      ...bytes("value", "The value; a JSON value that is no string is stored as its source text"),
      headers: {
        anyOf: [list(ref("Header")), { type: "object", additionalProperties: true }],
        description: "In order, names may repeat; or an object of names and values.",
      },
      timestamp: { ...nullableInteger, description: "Milliseconds; when received if left out." },
    }, ["key", "key_base64", "value", "value_base64", "headers", "timestamp"]),
    additionalProperties: false,
  },

  Record: object({
    topic: text,
    partition: integer,
    offset: integer,
    timestamp: { type: "integer", description: "Milliseconds since the Unix epoch." },
    ...bytes("key", "The key"),
    ...bytes("value", "The value"),
    headers: list(ref("Header"), { description: "In order; names may repeat." }),
    source: ref("Source"),
  }, ["key", "key_base64", "value", "value_base64", "source"]),

  Source: {
    ...object({
      gateway: nullableText,
      log_id: logId,
      partition: nullableInteger,
      offset: integer,
    }),
    description: "Where the record first became durable; with `source=true` only.",
  },

  Gap: {
    ...object({
      partition: integer,
      ...offsetRange,
      reason: text,
      source: object({ log_id: logId, from: integer, to: integer }, ["to"]),
    }, ["partition", "source"]),
    description: "Offsets that stay assigned and hold no readable records: quarantined or lost. " +
      "`partition` stands in merged pages; `source` where, in the order of source, records of one " +
      "log were retained no longer: from which source offset on they are missing. With " +
      "`source.to` they were lost before they came here, as the ledger knows; `from` and `to` are " +
      "then the same.",
  },

  Page: object({
    records: list(ref("Record")),
    gaps: list(ref("Gap")),
    next_offset: { ...integer, description: "Where the next page begins." },
    leader_epoch: {
      type: "integer",
      minimum: -1,
      description: "Of the record before `next_offset`: hand it back as `epoch`.",
    },
    high_watermark: { ...integer, description: "Offsets below it can be read." },
    log_start_offset: integer,
  }),

  MergedPage: object({
    records: list(ref("Record")),
    gaps: list(ref("Gap")),
    cursor: { type: "string", description: "Where the next page begins; opaque." },
    lag: { ...integer, description: "Records behind this page, over all partitions." },
    held_back: {
      ...integer,
      description: "With `order=source`: records that are here and wait for earlier ones.",
    },
  }, ["held_back"]),

  Topic: object({
    topic: text,
    topic_id: { type: "string", pattern: "^[0-9a-f]{32}$" },
    partitions: list(object({
      partition: integer,
      log_start_offset: integer,
      high_watermark: { ...integer, description: "Exclusive." },
      leader_epoch: integer,
      bytes: integer,
      gaps: list(ref("Gap")),
    })),
    settings: {
      type: "object",
      description: "Under Kafka's names: retention_ms, segment_bytes, max_message_bytes ...",
      additionalProperties: { type: ["string", "integer", "boolean"] },
    },
    chosen: {
      type: "object",
      description: "Of the settings those that were chosen for it while the node ran.",
      additionalProperties: { type: ["string", "integer", "boolean"] },
    },
  }),

  Topics: object({ topics: list(ref("Topic")) }),

  Gateway: object({
    gateway: { ...text, description: "Its name." },
    peer: { ...text, description: "The name of its credential, or its node id." },
    paths: list(text, {
      description: "Every peer it came by; the one it came by first stands first.",
    }),
    cloned: { ...flag, description: "Two live processes share the identity of one of its peers." },
    log_id: logId,
    topic: { ...text, description: "At the gateway." },
    partition: integer,
    target: { ...target, description: "Here." },
    first_offset: integer,
    watermark: {
      ...integer,
      description: "Source offsets below it are durable here, lost, or elsewhere.",
    },
    islands: list(object(offsetRange), { description: "Ranges above the watermark." }),
    elsewhere: list(object(offsetRange), {
      description: "Ranges below either that an earlier upstream holds: they may still come by it.",
    }),
    lost: list(object({ ...offsetRange, reason: text })),
    voids: { ...integer, description: "Offsets passed that never held a record of this log." },
    predecessor: nullableText,
    closed: { ...flag, description: "A successor was announced, and all of this one is here." },
    log_end_offset: nullableInteger,
    lag_records: nullableInteger,
    lag_bytes: { ...nullableInteger, description: "Estimated from the records that are here." },
    lag_seconds: {
      type: ["number", "null"],
      minimum: 0,
      description: "Age of the newest record here, while there is a lag.",
    },
    last_seen: { ...nullableInteger, description: "Milliseconds since the Unix epoch." },
  }),

  Gateways: object({
    gateways: list(ref("Gateway")),
    omitted: { ...integer, description: "Logs beyond those an answer lists: use the filters." },
    clones: list(
      object({
        node_id: logId,
        nodes: list(object({
          node_name: text,
          address: nullableText,
          peer: text,
          last_seen: integer,
        })),
      }),
      { description: "Node ids with two live processes: a data directory, or a card, was copied." },
    ),
  }),

  LedgerEntry: object({
    id: integer,
    log_id: nullableText,
    topic: text,
    partition: integer,
    ...offsetRange,
    count: integer,
    bytes: integer,
    min_timestamp: { type: "integer" },
    max_timestamp: { type: "integer" },
    reason: ref("LossReason"),
    state: { type: "string", enum: ["provisional", "final", "reversed"] },
    at: integer,
  }),

  LossReason: { type: "string", enum: LEDGER_REASONS },

  Account: object({
    log_id: logId,
    gateway: text,
    topic: text,
    partition: integer,
    first_offset: integer,
    end_offset: { ...integer, description: "Exclusive; of other nodes' logs, the watermark." },
    ...account,
  }),

  Losses: object({
    entries: list(ref("LedgerEntry")),
    next_after: { ...nullableInteger, description: "Where there are more: the next `after`." },
    accounts: list(ref("Account"), { description: "accepted = delivered + pending + ledgered" }),
    accounts_omitted: integer,
    totals: object(account),
  }),

  Status: object({
    status: text,
    reason: text,
    upstream: { ...text, description: "Why only an operator can help the link: an error code." },
  }, ["reason", "upstream"]),
};
