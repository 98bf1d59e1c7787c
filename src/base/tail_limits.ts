/**
 * What live tails may take of the node: in number, in memory, and in time. See limits.ts for the
 * rest.
 *
 * @module
 */
import { assert } from "./assert.ts";

/** Tails at once, of all topics: each is a connection and what waits in it to be sent. */
export const TAILS_MAX = 4_000;

/** Milliseconds without an event after which a comment is sent: proxies cut what is silent for 60 s. */
export const TAIL_KEEP_ALIVE_MS = 15_000;

/** Milliseconds a reader may take nothing, while there is something for it, before it is dropped. */
export const TAIL_STALLED_MS = 30_000;

/** Milliseconds it has from then on to take the event that says so, before it is cut off. */
export const TAIL_GOODBYE_MS = 10_000;

/** Milliseconds between two looks at all tails: who is silent, and who is stalled. */
export const TAIL_SWEEP_MS = 5_000;

/** Milliseconds after which a client that lost its tail comes again, as it is told. */
export const TAIL_RETRY_MS = 1_000;

/**
 * Bytes of events handed over at once. The server takes up to 16 pieces of a reader that takes none,
 * so that this times 16 is what such a reader costs.
 */
export const TAIL_PIECE_BYTES = 16 * 1024;

/** Bytes of stored batches in one read for all who are live. */
export const TAIL_READ_BYTES = 256 * 1024;

/** The same for one who reads by itself: it takes turns with everybody else on the one thread. */
export const TAIL_BEHIND_READ_BYTES = 64 * 1024;

/** Bytes of records after which a batch is cut, and decoded again for its rest. */
export const TAIL_SLICE_BYTES_MAX = 1024 * 1024;

/** The same, where so many read by themselves that each may keep little of what it reads. */
export const TAIL_SLICE_BYTES_MIN = 32 * 1024;

/** Bytes of events kept for the live readers of one feed; who lags further reads by itself. */
export const TAIL_FEED_BYTES_MAX = 1024 * 1024;

/** Bytes of events kept for all readers together; what goes over it is made again when needed. */
export const TAIL_PIECES_BYTES_MAX = 32 * 1024 * 1024;

/** Records a feed may be short of its log's end when a reader comes from there: else it skips them. */
export const TAIL_FEED_LAG_RECORDS_MAX = 10_000;

assert(TAIL_SWEEP_MS < TAIL_KEEP_ALIVE_MS, "silence is noticed in time");
assert(TAIL_PIECE_BYTES < TAIL_FEED_BYTES_MAX, "a feed keeps some pieces");
assert(TAIL_FEED_BYTES_MAX < TAIL_PIECES_BYTES_MAX, "one feed is part of all");
