/**
 * Limits of the client library, each with its unit and its reason.
 *
 * @module
 */
import { assert } from "./assert.ts";
import { FETCH_WAIT_MS_MAX, PRODUCER_WINDOW } from "./limits.ts";

/** Milliseconds of the first wait after a failure, before jitter: a hiccup should not be noticed. */
export const CLIENT_BACKOFF_MS_MIN = 100;

/** Milliseconds a wait after failures grows to: a node that is back is found within seconds. */
export const CLIENT_BACKOFF_MS_MAX = 10_000;

/** Bytes of a batch of the producer: some milliseconds of a disk, and far below a body's limit. */
export const CLIENT_BATCH_BYTES = 512 * 1024;

/** Records of a batch of the producer: one that is refused is found by halving it. */
export const CLIENT_BATCH_RECORDS = 5_000;

/** Bytes of records that a producer holds: when full, `send` is refused, and `ready` waits. */
export const CLIENT_BUFFER_BYTES = 16 * 1024 * 1024;

/** Milliseconds a produce request is tried for: longer than a node's restart. */
export const CLIENT_DELIVERY_MS = 120_000;

/** Bytes of one server-sent event: a record of the largest size, as JSON, each byte six of them. */
export const CLIENT_EVENT_BYTES_MAX = 16 * 1024 * 1024;

/** Requests for records at once of one consumer: browsers open six connections, and it has others. */
export const CLIENT_FETCHES_MAX = 4;

/** The same where no browser counts connections: each is a long poll, which costs the node little. */
export const CLIENT_FETCHES_MAX_OF_PROGRAMS = 64;

/** Records of a page that a stream asks for: enough for a request to be a small part of the cost. */
export const CLIENT_PAGE_RECORDS = 5_000;

/** Milliseconds without an answer until a request counts as lost: longer than a busy disk. */
export const CLIENT_REQUEST_MS = 30_000;

/** Sequences between the oldest request without an answer and the newest: the node knows no more. */
export const CLIENT_SEQUENCES_MAX = 8;

/** Milliseconds a plain call is tried for before its failure is the caller's. */
export const CLIENT_RETRY_MS = 30_000;

/** Milliseconds without a byte until a tail counts as broken: the node says something every 15 s. */
export const CLIENT_TAIL_SILENCE_MS = 45_000;

/** Milliseconds until a partition whose topic is not there is looked for again. */
export const CLIENT_LOOK_AGAIN_MS = 1_000;

/** Milliseconds a long poll waits: below what proxies cut off. */
export const CLIENT_WAIT_MS = 20_000;

/** Milliseconds between two commits of a consumer that commits by itself: Kafka's default. */
export const CLIENT_AUTO_COMMIT_MS = 5_000;

assert(CLIENT_WAIT_MS <= FETCH_WAIT_MS_MAX, "the node waits as long as the client asks it to");
assert(CLIENT_SEQUENCES_MAX < PRODUCER_WINDOW, "the node remembers what the client has in doubt");
assert(CLIENT_BATCH_BYTES < CLIENT_BUFFER_BYTES, "a whole batch can be held");
