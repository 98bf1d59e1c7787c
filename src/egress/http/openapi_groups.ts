/** The calls about consumer groups. @module */
import {
  GROUP_REBALANCE_MS_DEFAULT,
  GROUP_REBALANCE_MS_MAX,
  GROUP_REBALANCE_MS_MIN,
  GROUP_SESSION_MS_DEFAULT,
  GROUP_SESSION_MS_MAX,
  GROUP_SESSION_MS_MIN,
  GROUP_TOPICS_MAX,
  GROUP_WAIT_MS_MAX,
} from "../../base/group_limits.ts";
import { PARTITIONS_MAX } from "../../base/limits.ts";
import { document, inPath, jsonBody } from "./openapi_paths.ts";
import { integer, list, nullableInteger, object, ref, text } from "./openapi_schemas.ts";

type Json = Readonly<Record<string, unknown>>;

const nullableText: Json = { type: ["string", "null"] };
const GROUP = inPath("group", text);
const MEMBER = inPath("member", text);

const BODY = [
  ...["body_too_large", "invalid_argument", "malformed_body", "overloaded"] as const,
  ...["request_timeout", "shutting_down", "unsupported_media_type"] as const,
];
const STORING = ["storage_failed", "storage_full"] as const;
const MEMBERSHIP = [
  ...["fenced_instance", "illegal_generation", "rebalance_in_progress", "unknown_member"] as const,
];

const within = (minimum: number, maximum: number, more: Json = {}): Json => ({
  type: "integer",
  minimum,
  maximum,
  ...more,
});
const wait = (description: string): Json => within(0, GROUP_WAIT_MS_MAX, { description });
const closed = (schema: Json): Json => ({ ...schema, additionalProperties: false });

const head = {
  group: text,
  state: { enum: ["empty", "preparing_rebalance", "completing_rebalance", "stable"] },
  generation: nullableInteger,
  protocol_type: nullableText,
  assignor: nullableText,
};

const place = { topic: text, partition: integer };

const standing = {
  ...place,
  offset: { ...integer, description: "Of the next record to read." },
  leader_epoch: { type: "integer", minimum: -1 },
  metadata: text,
  log_start_offset: integer,
  high_watermark: integer,
};

const lag = {
  lag: { ...integer, description: "Records that are there and were not committed." },
  missed: { ...integer, description: "Records retention took before they were committed." },
};

export const GROUP_PATHS: Readonly<Record<string, Json>> = {
  "/v1/groups": {
    get: document("listGroups", "Groups with members or offsets", "Groups", {
      codes: ["invalid_argument"],
    }),
  },
  "/v1/groups/{group}": {
    get: document("describeGroup", "Members, what each has, lag per partition", "Group", {
      parameters: [GROUP],
      codes: ["invalid_argument", "unknown_group"],
    }),
    delete: {
      ...document("deleteGroup", "Forget a group and its offsets", "GroupDeleted", {
        parameters: [GROUP],
        codes: ["group_not_empty", "invalid_argument", "unknown_group", ...STORING],
      }),
      description: "Needs the scope `admin`.",
    },
  },
  "/v1/groups/{group}/offsets": {
    get: {
      ...document("listCommittedOffsets", "Where a group stands", "CommittedOffsets", {
        parameters: [GROUP],
        codes: ["invalid_argument"],
      }),
      description: "Empty for a group nobody has heard of.",
    },
    put: {
      ...document("commitOffsets", "Commit, durably, all or none", "OffsetsCommitted", {
        parameters: [GROUP],
        codes: [
          ...[...BODY, ...MEMBERSHIP, ...STORING, "group_not_empty", "too_many_groups"] as const,
          ...["unknown_partition", "unknown_topic"] as const,
        ],
      }),
      description: "Of a member with `member_id` and `generation`. Without, it is taken only " +
        "while the group has no members: of readers that share nothing, and to reset a group.",
      requestBody: jsonBody(ref("OffsetsToCommit")),
    },
  },
  "/v1/groups/{group}/members": {
    post: {
      ...document("joinGroup", "Join, or join again, and wait for what is assigned", "Joined", {
        parameters: [GROUP],
        codes: [
          ...[...BODY, ...STORING, "fenced_instance", "group_full", "illegal_generation"] as const,
          ...["inconsistent_protocol", "invalid_topic", "rebalance_in_progress"] as const,
          ...["too_many_groups", "unknown_member"] as const,
        ],
      }),
      description: "Answers when every member has joined, or the rebalance timeout is over. " +
        "Members join again, with their `member_id`, when a heartbeat or a commit says " +
        "`rebalance_in_progress`; without it when it says `unknown_member`. `rebalance_in_progress` " +
        "from here carries the `member_id` to go on with: `max_wait_ms` was over.",
      requestBody: jsonBody(ref("JoinGroup")),
    },
  },
  "/v1/groups/{group}/members/{member}/heartbeat": {
    post: {
      ...document("heartbeat", "Show that the member lives", "Heartbeat", {
        parameters: [GROUP, MEMBER],
        codes: [...BODY, ...MEMBERSHIP],
      }),
      description:
        "With `max_wait_ms` the answer is held until then, or until a rebalance begins: " +
        "members hear of it at once. It counts as a sign of life when it comes and when it is answered.",
      requestBody: jsonBody(ref("GroupHeartbeat")),
    },
  },
  "/v1/groups/{group}/members/{member}": {
    delete: document("leaveGroup", "Give what the member has to the others now", "GroupLeft", {
      parameters: [GROUP, MEMBER],
      codes: ["invalid_argument", "shutting_down", "unknown_member"],
    }),
  },
};

export const GROUP_SCHEMAS: Readonly<Record<string, Json>> = {
  Groups: object({ groups: list(object({ ...head, members: integer, lag: integer })) }),
  Group: object({
    ...head,
    leader_id: nullableText,
    members: list(ref("GroupMember")),
    offsets: list(object({ ...standing, ...lag, member_id: nullableText })),
    lag: integer,
  }),
  GroupMember: object({
    member_id: text,
    instance_id: nullableText,
    client_id: text,
    host: text,
    session_timeout_ms: integer,
    rebalance_timeout_ms: integer,
    topics: list(text),
    assignments: list(object(place)),
  }),
  GroupDeleted: object({ group: text, deleted: { enum: [true] } }),
  CommittedOffsets: object({ group: text, offsets: list(object({ ...standing, ...lag })) }),
  OffsetsToCommit: closed(object({
    offsets: list(
      closed(object({
        ...place,
        offset: standing.offset,
        leader_epoch: { ...standing.leader_epoch, description: "Of the record before it." },
        metadata: text,
      }, ["leader_epoch", "metadata"])),
      { minItems: 1, maxItems: PARTITIONS_MAX },
    ),
    member_id: text,
    instance_id: text,
    generation: integer,
  }, ["member_id", "instance_id", "generation"])),
  OffsetsCommitted: object({ group: text, committed: integer }),
  JoinGroup: closed(object({
    topics: {
      ...list(text, { minItems: 1, maxItems: GROUP_TOPICS_MAX }),
      description: "They need not be there yet.",
    },
    member_id: { ...text, description: "From the last answer; left out on the first join." },
    instance_id: {
      ...text,
      description: "A name that outlives the process: its member takes its own place when it " +
        "starts again within the session timeout, and nobody rebalances.",
    },
    client_id: text,
    assignor: { enum: ["range", "sticky"], default: "range" },
    session_timeout_ms: within(GROUP_SESSION_MS_MIN, GROUP_SESSION_MS_MAX, {
      default: GROUP_SESSION_MS_DEFAULT,
      description: "Without a sign of life for so long, its partitions go to others.",
    }),
    rebalance_timeout_ms: within(GROUP_REBALANCE_MS_MIN, GROUP_REBALANCE_MS_MAX, {
      default: GROUP_REBALANCE_MS_DEFAULT,
      description: "How long others wait for it to join again.",
    }),
    max_wait_ms: wait("How long this request may take."),
  }, [
    ...["member_id", "instance_id", "client_id", "assignor", "session_timeout_ms"],
    ...["rebalance_timeout_ms", "max_wait_ms"],
  ])),
  Joined: object({
    group: text,
    member_id: text,
    generation: integer,
    leader_id: text,
    assignor: text,
    session_timeout_ms: integer,
    heartbeat_interval_ms: integer,
    assignments: list(object({
      ...standing,
      topic_id: nullableText,
      offset: { ...nullableInteger, description: "Committed; null: nothing yet." },
    })),
  }),
  GroupHeartbeat: closed(object({
    generation: integer,
    instance_id: text,
    max_wait_ms: wait("Hold the answer until a rebalance begins; at most half a session."),
  }, ["instance_id", "max_wait_ms"])),
  Heartbeat: object({ group: text, member_id: text, generation: integer }),
  GroupLeft: object({ group: text, member_id: text, left: { enum: [true] } }),
};
