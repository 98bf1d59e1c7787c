/** Consumer instances as Confluent's REST Proxy v2 and Strimzi's bridge have them. @module */
import {
  GROUP_SESSION_MS_MAX,
  GROUP_SESSION_MS_MIN,
  GROUP_TOPICS_MAX,
} from "../../base/group_limits.ts";
import { FETCH_BYTES_DEFAULT, FETCH_WAIT_MS_MAX, PARTITIONS_MAX } from "../../base/limits.ts";
import {
  REST_IDLE_MS,
  REST_NAME_MAX,
  REST_PATTERN_CHARACTERS_MAX,
  REST_WAIT_MS_DEFAULT,
} from "../../base/rest_limits.ts";
import { inQuery } from "./openapi_paths.ts";
import {
  REST_ASYNC,
  REST_GROUP,
  REST_INSTANCE,
  restContent,
  restErrors,
} from "./openapi_rest_parts.ts";
import { integer, list, nullableInteger, object, ref, text } from "./openapi_schemas.ts";

type Json = Readonly<Record<string, unknown>>;

const PARAMETERS = [REST_GROUP, REST_INSTANCE];
const DONE = { 204: { description: "Done." } };

const partition = { topic: text, partition: integer };

interface Operation {
  readonly parameters?: readonly Json[];
  readonly description?: string;
  readonly body?: string;
  readonly answer?: Json;
  readonly statuses?: readonly number[];
}

function operation(operationId: string, summary: string, more: Operation = {}): Json {
  const { parameters = [], description, body, answer, statuses = [] } = more;
  return {
    operationId,
    summary,
    ...(description === undefined ? {} : { description }),
    parameters: [...PARAMETERS, ...parameters],
    ...(body === undefined ? {} : { requestBody: { content: restContent(ref(body)) } }),
    responses: {
      ...(answer === undefined ? DONE : { 200: answer }),
      ...restErrors(400, 401, 403, 404, ...statuses),
    },
  };
}

const told = (schema: string, description: string) => ({
  description,
  content: restContent(ref(schema)),
});

const RECORDS: Json = {
  description: "An array; empty where there was none in time.",
  headers: {
    "Logboom-Gaps": {
      description: "Offsets that this answer passes and that hold no records any more, as JSON.",
      schema: text,
    },
  },
  content: Object.fromEntries(
    ["json", "binary", "text"].map((format) => [
      `application/vnd.kafka.${format}.v2+json`,
      { schema: list(ref("RestRecord")) },
    ]),
  ),
};

const INSTANCE = "/consumers/{group}/instances/{instance}";

export const REST_CONSUMER_PATHS: Readonly<Record<string, Json>> = {
  "/consumers/{group}": {
    post: {
      ...operation("restCreateConsumer", "Make a consumer instance", {
        description: "It lives in this node's memory: after a restart its client makes another " +
          `one. It is dropped ${REST_IDLE_MS / 60_000} minutes after its last request.`,
        body: "RestConsumerConfig",
        answer: told("RestConsumerMade", "Its name, and the address for all else."),
        statuses: [409, 415, 422, 503],
      }),
      parameters: [REST_GROUP],
    },
  },
  [INSTANCE]: {
    delete: operation("restDeleteConsumer", "Give it up: its partitions go to others at once"),
  },
  [`${INSTANCE}/subscription`]: {
    get: operation("restSubscription", "What it is subscribed to", {
      answer: told("RestSubscribed", "Topics, and what of them is its own as of its last read."),
    }),
    post: operation("restSubscribe", "Share topics with the group", {
      description: "It joins the group with its next read. Each call replaces the one before.",
      body: "RestSubscription",
      statuses: [409, 415, 422],
    }),
    delete: operation("restUnsubscribe", "Leave the group, or what was assigned by hand"),
  },
  [`${INSTANCE}/assignments`]: {
    get: operation("restAssignments", "What it reads", {
      answer: told("RestPartitions", "As of its last read."),
    }),
    post: operation("restAssign", "Read these partitions, beside the group", {
      body: "RestPartitions",
      statuses: [409, 415, 422],
    }),
  },
  [`${INSTANCE}/records`]: {
    get: operation("restRecords", "Read on", {
      description: "Answered as soon as there are `fetch.min.bytes`. At least once: what an " +
        "answer held counts as processed when the next read comes, and that is what is " +
        "committed where the instance commits of itself. Where the position is out of range, " +
        "`auto.offset.reset` says where to go on, and `Logboom-Gaps` what was missed; with " +
        "`none` it is error 41601, until the client seeks.",
      parameters: [
        inQuery(
          "timeout",
          { type: "integer", minimum: -1 },
          `Milliseconds to wait; the instance's own without it, ${FETCH_WAIT_MS_MAX} at the most.`,
        ),
        inQuery(
          "max_bytes",
          { type: "integer", minimum: -1, default: FETCH_BYTES_DEFAULT },
          "Of keys and values, roughly; one record comes in any case.",
        ),
      ],
      answer: RECORDS,
      statuses: [406, 409, 416, 503],
    }),
  },
  [`${INSTANCE}/offsets`]: {
    get: operation("restCommitted", "What the group has committed", {
      description:
        "Of all partitions, or of the one named in the query. The proxy's request has a " +
        "body here, which does not reach this node: it is answered as without one.",
      parameters: [inQuery("topic", text), inQuery("partition", integer)],
      answer: told("RestOffsetList", "Offsets of the next record."),
      statuses: [422],
    }),
    post: operation("restCommit", "Commit, durably", {
      description: "Without a body: what was handed out so far. An offset is that of the next " +
        "record to read, as with Strimzi's bridge and Kafka itself; Confluent's proxy adds one to " +
        "it, so that its clients may read one record twice here, and never miss one.",
      parameters: [REST_ASYNC],
      body: "RestOffsetList",
      statuses: [409, 415, 422, 503],
    }),
  },
  [`${INSTANCE}/positions`]: {
    post: operation("restSeek", "Go on at these offsets", {
      body: "RestOffsetList",
      statuses: [415, 422],
    }),
  },
  [`${INSTANCE}/positions/beginning`]: {
    post: operation("restSeekToBeginning", "Go on at the first offset there is", {
      body: "RestPartitions",
      statuses: [415, 422],
    }),
  },
  [`${INSTANCE}/positions/end`]: {
    post: operation("restSeekToEnd", "Go on at the end", {
      body: "RestPartitions",
      statuses: [415, 422],
    }),
  },
};

const milliseconds = (minimum: number, maximum: number, initial: number): Json => ({
  ...{ type: "integer", minimum, maximum },
  default: initial,
});

export const REST_CONSUMER_SCHEMAS: Readonly<Record<string, Json>> = {
  RestConsumerConfig: object({
    name: { ...text, maxLength: REST_NAME_MAX },
    id: { ...text, description: "The same, and stronger." },
    format: { enum: ["binary", "json", "text"] },
    "auto.offset.reset": { enum: ["latest", "earliest", "none"] },
    "auto.commit.enable": { enum: [true, false, "true", "false"] },
    "enable.auto.commit": { enum: [true, false, "true", "false"] },
    "fetch.min.bytes": { type: ["integer", "string"], default: 1 },
    "consumer.request.timeout.ms": {
      ...{ type: ["integer", "string"], default: REST_WAIT_MS_DEFAULT },
      description: "How long a read waits that does not say.",
    },
    "isolation.level": { enum: ["read_committed", "read_uncommitted"] },
    "session.timeout.ms": {
      ...milliseconds(GROUP_SESSION_MS_MIN, GROUP_SESSION_MS_MAX, REST_IDLE_MS),
      description: "Ours: how long after its last request its partitions go to others.",
    },
  }, [
    ...["name", "id", "format", "auto.offset.reset", "auto.commit.enable", "enable.auto.commit"],
    ...["fetch.min.bytes", "consumer.request.timeout.ms", "isolation.level", "session.timeout.ms"],
  ]),

  RestConsumerMade: object({ instance_id: text, base_uri: text }),

  RestSubscription: object({
    topics: list(text, { description: `One at least, ${GROUP_TOPICS_MAX} at the most.` }),
    topic_pattern: {
      ...{ ...text, maxLength: REST_PATTERN_CHARACTERS_MAX },
      description:
        "Instead: letters, `.`, `*`, `+`, `?`, `|`, `()`, `[]`, `\\d`, `\\w`; all of a " +
        "name must match. Topics that are made later count, too.",
    },
  }, ["topics", "topic_pattern"]),

  RestSubscribed: object({
    topics: list(text),
    partitions: list({ type: "object" }, { description: "`{topic: [partition, ...]}` each." }),
  }),

  RestPartitions: object({
    partitions: list(object(partition), { description: `${PARTITIONS_MAX} at the most.` }),
  }),

  RestOffsetList: object({
    offsets: list(object({ ...partition, offset: integer, metadata: text }, ["metadata"])),
  }),

  RestRecord: object({
    ...partition,
    key: { description: "Of the instance's format; null: none." },
    value: { description: "The same." },
    offset: integer,
    timestamp: nullableInteger,
    headers: list({ type: "object" }),
  }, ["headers"]),
};
