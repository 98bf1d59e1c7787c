/**
 * What consumer groups may hold. See limits.ts for the rest.
 *
 * @module
 */
import { assert } from "./assert.ts";

/** Groups of one node, those included that only have committed offsets. */
export const GROUPS_MAX = 5_000;

/** Characters of a group id, an instance id, a client id: as long as a topic's name may be. */
export const GROUP_NAME_MAX = 249;

/** Members of one group: a rebalance waits for all of them, and each is told its part. */
export const GROUP_MEMBERS_MAX = 1_000;

/** Bytes one member may bring along to be shown to the leader: subscription, in all protocols. */
export const GROUP_MEMBER_BYTES_MAX = 256 * 1024;

/** Bytes of that, and of assignments, of all members of all groups together. */
export const GROUPS_BYTES_MAX = 64 * 1024 * 1024;

/** Protocols one member may offer. */
export const GROUP_PROTOCOLS_MAX = 16;

/** Topics one member may subscribe to. */
export const GROUP_TOPICS_MAX = 1_000;

/** Milliseconds without a sign of life until a member is given up, at the least and the most. */
export const GROUP_SESSION_MS_MIN = 1_000;
export const GROUP_SESSION_MS_MAX = 30 * 60_000;
/** Kafka's clients have 45 s, which is long for a share of work to lie about. */
export const GROUP_SESSION_MS_DEFAULT = 10_000;

/** Milliseconds members may take to join again once a rebalance has begun. */
export const GROUP_REBALANCE_MS_MIN = 1_000;
export const GROUP_REBALANCE_MS_MAX = 30 * 60_000;
export const GROUP_REBALANCE_MS_DEFAULT = 60_000;

/** Milliseconds the first generation of a group waits for more members: those that start at once. */
export const GROUP_INITIAL_DELAY_MS = 250;

/** Milliseconds a request may wait for its assignment, or for a rebalance. */
export const GROUP_WAIT_MS_MAX = 5 * 60_000;

/** Generations set aside on the disk at a time: a restart goes on above them. */
export const GROUP_GENERATIONS_RESERVED = 100;

/** Committed offsets of all groups: each is held in memory, at some 300 bytes. */
export const COMMITTED_OFFSETS_MAX = 100_000;

/** Bytes of metadata beside one committed offset: Kafka's offset.metadata.max.bytes. */
export const OFFSET_METADATA_BYTES_MAX = 4_096;

/** Bytes of metadata of all of them. */
export const OFFSETS_METADATA_BYTES_MAX = 16 * 1024 * 1024;

/** Milliseconds an empty group's offsets are kept: Kafka's offsets.retention.minutes, 7 days. */
export const OFFSETS_RETENTION_MS = 7 * 24 * 60 * 60_000;

/** Milliseconds between looks for groups whose time is over, and offsets of topics that are gone. */
export const GROUPS_SWEEP_MS = 60_000;

assert(GROUP_SESSION_MS_DEFAULT >= GROUP_SESSION_MS_MIN, "the default session is an allowed one");
assert(GROUP_REBALANCE_MS_DEFAULT <= GROUP_REBALANCE_MS_MAX, "so is the time to rebalance");
assert(GROUP_WAIT_MS_MAX >= GROUP_REBALANCE_MS_DEFAULT, "a default rebalance can be waited for");
