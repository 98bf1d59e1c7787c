/** The calls about topics. @module */
import { PARTITIONS_MAX } from "../../base/limits.ts";
import { document, inQuery, jsonBody, TOPIC } from "./openapi_paths.ts";
import { integer, object, ref, text } from "./openapi_schemas.ts";

type Json = Readonly<Record<string, unknown>>;

const BODY = [
  ...["body_too_large", "invalid_argument", "malformed_body", "overloaded"] as const,
  ...["request_timeout", "unsupported_media_type"] as const,
];
const STORING = ["storage_failed", "storage_full"] as const;
const ADMIN = "Needs the scope `admin`.";

const partitions = (description: string): Json => ({
  type: "integer",
  minimum: 1,
  maximum: PARTITIONS_MAX,
  description,
});

const settings: Json = {
  type: "object",
  description:
    "Under Kafka's names, with the values of the configuration file; null gives a setting " +
    "back to the configuration. What is chosen here is in force at once and after a restart, " +
    "ahead of the file, until it is given back.",
  additionalProperties: { type: ["string", "integer", "boolean", "null"] },
};

const list = document("listTopics", "All topics", "Topics");
const created = document("createTopic", "Make a topic", "Topic", {
  codes: [
    ...[...BODY, ...STORING, "invalid_topic", "too_many_partitions"] as const,
    ...["too_many_topics", "topic_exists"] as const,
  ],
}) as { readonly responses: Readonly<Record<string, Json>> };
const { 200: made, ...refusals } = created.responses;

export const TOPIC_PATHS: Readonly<Record<string, Json>> = {
  "/v1/topics": {
    get: list,
    post: {
      ...created,
      description: `${ADMIN} Topics are also made on first use, as the configuration has them.`,
      requestBody: jsonBody(ref("NewTopic")),
      responses: {
        201: { ...made, headers: { location: { schema: text, description: "Of the topic." } } },
        ...refusals,
      },
    },
  },
  "/v1/topics/{topic}": {
    get: document("describeTopic", "One topic", "Topic", {
      parameters: [TOPIC],
      codes: ["unknown_topic"],
    }),
    patch: {
      ...document("changeTopic", "Change settings, add partitions", "Topic", {
        parameters: [TOPIC],
        codes: [...BODY, ...STORING, "too_many_partitions", "unknown_topic"],
      }),
      description:
        `${ADMIN} What is not named stays. In force at once. Records with a key go by its ` +
        "hash over all partitions: with more of them, later records of a key may go to another one.",
      requestBody: jsonBody(ref("TopicChange")),
    },
    delete: {
      ...document("deleteTopic", "Delete a topic with all that is in it", "TopicDeleted", {
        parameters: [
          TOPIC,
          inQuery(
            "if_delivered",
            { type: "boolean", default: false },
            "Only where the upstream has all of it; `not_delivered` otherwise.",
          ),
        ],
        codes: ["invalid_argument", "not_delivered", ...STORING, "unknown_topic"],
      }),
      description:
        `${ADMIN} What was not delivered upstream stands in the ledger, as \`wiped\`. A ` +
        "crash leaves all of the topic, or none. One that is made again under the name, or by who " +
        "sends to it, has another id, and its offsets go on where these ended.",
    },
  },
};

export const TOPIC_SCHEMAS: Readonly<Record<string, Json>> = {
  NewTopic: {
    ...object({ topic: text, partitions: partitions("As configured where left out."), settings }),
    required: ["topic"],
    additionalProperties: false,
  },
  TopicChange: {
    ...object({ partitions: partitions("As many as there are, or more."), settings }),
    required: [],
    additionalProperties: false,
  },
  TopicDeleted: object({
    topic: text,
    records: { ...integer, description: "Given up." },
    ledgered: { ...integer, description: "Of these, how many were not delivered." },
    freed_bytes: integer,
  }),
};
