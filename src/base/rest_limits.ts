/**
 * Limits of the interface that is Confluent's REST Proxy v2 and Strimzi's bridge. See limits.ts for
 * the rest.
 *
 * @module
 */
import { assert } from "./assert.ts";
import { GROUP_SESSION_MS_MAX, GROUP_SESSION_MS_MIN } from "./group_limits.ts";

/** Milliseconds between two commits an instance makes of itself: Kafka's own default. */
export const REST_AUTO_COMMIT_MS = 5_000;

/** Consumer instances of a node: each is a member of a group, and gone with the node. */
export const REST_CONSUMERS_MAX = 2_000;

/** Milliseconds without a request after which an instance is dropped: the proxy's five minutes. */
export const REST_IDLE_MS = 5 * 60_000;

/** Milliseconds a first read may take beyond what it asked for: a member must join before it reads. */
export const REST_JOIN_MS_MIN = 1_000;

/** Characters of an instance's name: it is part of its address. */
export const REST_NAME_MAX = 249;

/** Characters of a topic pattern, and states it may have: each name is matched in steps of both. */
export const REST_PATTERN_CHARACTERS_MAX = 500;
export const REST_PATTERN_STATES_MAX = 2_000;

/** Records of one answer; its bytes bound it before that, mostly. */
export const REST_RECORDS_MAX = 5_000;

/** Milliseconds a read waits for records unless it says otherwise: the proxy's default. */
export const REST_WAIT_MS_DEFAULT = 1_000;

/** Milliseconds between two looks for instances that nobody asks any more. */
export const REST_SWEEP_MS = 1_000;

assert(REST_IDLE_MS >= GROUP_SESSION_MS_MIN, "the session of an instance is an allowed one");
assert(REST_IDLE_MS <= GROUP_SESSION_MS_MAX, "and not too long a one");
