/**
 * Limits of the link between nodes, beside those of limits.ts: each with its unit and its reason.
 *
 * @module
 */
import { assert } from "./assert.ts";
import { BATCH_BYTES_MAX } from "./limits.ts";

/** Bytes of a change of the link's budget, or of a topic's priority: the largest is 64 windows. */
export const LINK_BUDGET_BODY_BYTES_MAX = 64 * 1024;

/** Milliseconds of the cap that an idle link may save up: each 10 s stay within 5 % of it. */
export const LINK_BURST_MS = 250;

/** The lowest cap, in bytes per second: the head of one request takes a quarter of a second. */
export const LINK_BYTES_PER_SECOND_MIN = 1_000;

/** Part of the link that each class with data gets, however much comes before it. */
export const LINK_CLASS_FLOOR = 0.05;

/** Part of the link that all floors may take together. */
export const LINK_FLOORS_MAX = 0.5;

/** Bytes reserved of a quota at once, before they are sent: each is a write that is synced. */
export const LINK_QUOTA_CHUNK_BYTES_MAX = 8 * 1024 * 1024;

/** The same, at the least: what a crash may cost of the quota. */
export const LINK_QUOTA_CHUNK_BYTES_MIN = 32 * 1024;

/** Part of a quota that is left for answers larger than was thought. */
export const LINK_QUOTA_MARGIN = 0.01;

/** The smallest quota, in bytes: less would not carry a greeting and one answer an hour. */
export const LINK_QUOTA_BYTES_MIN = 64 * 1024;

/** Milliseconds after which a link that waits for its schedule or quota looks again: clocks change. */
export const LINK_RECHECK_MS = 15 * 60_000;

/** Milliseconds of the cap that one request takes: its head and its answer are a few per cent. */
export const LINK_REQUEST_MS = 4_000;

/** Bytes of one paced piece of a body, at the least: what frames it stays near one per cent. */
export const LINK_SLICE_BYTES_MIN = 512;

/** The same, at the most: one socket write. */
export const LINK_SLICE_BYTES_MAX = 64 * 1024;

/** Milliseconds of the cap that one piece takes: how long a better class waits for a lesser. */
export const LINK_SLICE_MS = 125;

/** Milliseconds between two writes of what was used, where no quota asks for more. */
export const LINK_USAGE_WRITE_MS = 60_000;

/** Windows of a schedule: each is looked at whenever it is asked. */
export const LINK_WINDOWS_MAX = 64;

/** Logs announced in one request: bounds what one JSON body makes the receiver look up. */
export const REPLICATION_ANNOUNCE_LOGS_MAX = 500;

/** Milliseconds after which a link that keeps failing is tried again: bounds the idle time after. */
export const REPLICATION_BACKOFF_MS_MAX = 30_000;

/** Milliseconds of the first wait after a failure, before jitter; each further failure doubles it. */
export const REPLICATION_BACKOFF_MS_MIN = 100;

/** Bytes of a replication request's body: a full request, one batch over, frames and names. */
export const REPLICATION_BODY_BYTES_MAX = 4 * 1024 * 1024;

/** Bytes of batches that one answer gives back: a repair must not fill a slow link for long. */
export const REPLICATION_FETCH_BYTES_MAX = 256 * 1024;

/** Bytes a receiver reads to find batches for one answer: some 30 ms of a disk. */
export const REFETCH_SEARCH_BYTES = 32 * 1024 * 1024;

/** Searches for batches that may wait for one another; more are refused for now. */
export const REFETCHES_WAITING_MAX = 64;

/** Milliseconds after which gaps that the upstream could not fill are asked for once more. */
export const REPAIR_RETRY_MS = 6 * 60 * 60 * 1000;

/** The same where only the link, or a disk, was in the way. */
export const REPAIR_TROUBLE_MS = 30 * 1000;

/** Milliseconds between two requests of a repair, so that it never takes the link. */
export const REPAIR_PAUSE_MS = 200;

/** Bytes of append requests a receiver holds at once, parked or waiting for the disk. */
export const REPLICATION_IN_FLIGHT_BYTES_MAX = 64 * 1024 * 1024;

/** Bytes of JSON in a hello, an announcement or an answer: 500 logs with the longest names fit. */
export const REPLICATION_JSON_BYTES_MAX = 1024 * 1024;

/** Lanes in one request: many small lanes share one round trip, and the answer stays small. */
export const REPLICATION_LANES_PER_REQUEST_MAX = 256;

/** Milliseconds a small request waits for company: caps the requests of a trickle at 100/s. */
export const REPLICATION_LINGER_MS = 10;

/** Characters of a node's name on the wire. */
export const REPLICATION_NODE_NAME_MAX = 255;

/** Requests that wait for a predecessor, over all peers; more are refused, and come again. */
export const REPLICATION_PARKED_MAX = 1_024;

/** Milliseconds a request that overtook its predecessor is parked before it is refused. */
export const REPLICATION_PARK_MS = 2_000;

/** Milliseconds after which a link with nothing to send is tried: a centre may have been replaced. */
export const REPLICATION_PROBE_MS = 300_000;

/**
 * Bytes of batches in one replication request, unless a single batch is larger. Measured on a fast
 * link: twice 1 MiB costs each side a quarter less CPU a gigabyte. A slow one gets smaller requests.
 */
export const REPLICATION_REQUEST_BYTES = 2 * 1024 * 1024;

/** Bytes of batches below which a failing link shrinks its requests no further. */
export const REPLICATION_REQUEST_BYTES_MIN = 16 * 1024;

/** Milliseconds one request may take on a healthy link; doubled while requests time out. */
export const REPLICATION_REQUEST_TIMEOUT_MS = 30_000;

/** Milliseconds one request may take on the slowest link: 1 MiB at 14 kbit/s. */
export const REPLICATION_REQUEST_TIMEOUT_MS_MAX = 600_000;

/** Requests of one link sent and not yet answered. */
export const REPLICATION_REQUESTS_IN_FLIGHT_MAX = 4;

/** Milliseconds after which a lane the receiver refused is offered again. */
export const REPLICATION_REFUSED_RETRY_MS = 30_000;

/** Sessions a receiver remembers; the one idle longest goes first, and says hello again. */
export const REPLICATION_SESSIONS_MAX = 4_096;

/** Skipped ranges in one request: bounds the answer that says which of them are lacking. */
export const REPLICATION_SKIPS_PER_REQUEST_MAX = 1_024;

/** Nodes between a device and the root of the chain: more is a loop, or a mistake. */
export const ROUTE_HOPS_MAX = 16;

/** Bytes of unsent records below which they keep their order: too few to keep anyone waiting. */
export const LIVE_BACKLOG_BYTES_MIN = 64 * 1024;

/** Milliseconds of the link that unsent records may take before live ones go ahead of them. */
export const LIVE_BACKLOG_MS = 1_000;

/** Milliseconds between two openings of a live lane: each costs the receiver an island. */
export const LIVE_OPENING_INTERVAL_MS = 5_000;

/** Milliseconds after which a lane is looked at again: whether live records are to go ahead. */
export const LIVE_PLAN_MS = 50;

/** Upstream nodes whose acknowledgements are remembered apart; beyond it the oldest become one. */
export const UPSTREAMS_REMEMBERED_MAX = 8;

assert(
  REPLICATION_REQUEST_BYTES + BATCH_BYTES_MAX < REPLICATION_BODY_BYTES_MAX,
  "a full request with one batch over fits the body",
);
