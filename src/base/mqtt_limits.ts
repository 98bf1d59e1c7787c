/**
 * Limits of what the MQTT server sends: windows, queues, subscriptions. As in limits.ts, each is
 * named, with its unit and its reason; what it takes in is bounded there.
 *
 * @module
 */
import { assert } from "./assert.ts";
import { BATCH_BYTES_MAX } from "./limits.ts";

/**
 * QoS 1 and 2 messages one client may leave unanswered, whatever larger Receive Maximum it allows:
 * each is kept until it is acknowledged. MQTT 3.1.1 has no Receive Maximum of its own.
 */
export const MQTT_OUT_IN_FLIGHT_MAX = 1_024;

/** The same for clients of MQTT 3.1.1, which cannot say how many they can hold. */
export const MQTT_OUT_IN_FLIGHT_V4 = 100;

/** Bytes of messages a client has not taken yet, beyond which its queue waits in the log. */
export const MQTT_OUT_PENDING_BYTES_MAX = 256 * 1024;

/** The same once all clients together have so much on its way to them. */
export const MQTT_OUT_PENDING_BYTES_MIN = 8 * 1024;
export const MQTT_OUT_PENDING_TOTAL_BYTES_MAX = 64 * 1024 * 1024;

/** Hand-outs of fresh records to one subscriber each, before the sockets have their turn. */
export const MQTT_HAND_OUTS_PER_TURN_MAX = 20_000;

/**
 * Bytes of fresh batches that wait to be handed out: one fast publisher with thousands of subscribers
 * commits faster than that. Beyond it those who are live read from the log instead.
 */
export const MQTT_FRESH_BYTES_MAX = 16 * 1024 * 1024;

/** Decoded batches kept for clients that are behind, all together: they share what they read. */
export const MQTT_BATCH_CACHE_BYTES_MAX = 32 * 1024 * 1024;

/**
 * Topic filters, and bytes of them, of a client that is behind that the core holds its records
 * against, one after the other: with more a tree is quicker.
 */
export const MQTT_PLAIN_FILTERS_MAX = 16;
export const MQTT_PLAIN_FILTERS_BYTES_MAX = 8 * 1024;

/** Bytes of batches read for a client that is behind, before the next one has its turn. */
export const MQTT_BEHIND_READ_BYTES = 256 * 1024;

/** Reads for clients that are behind under way at once. */
export const MQTT_BEHIND_READS_MAX = 4;

/** Milliseconds until a read for a client that is behind is tried again after the disk failed it. */
export const MQTT_BEHIND_RETRY_MS = 1_000;

/** Milliseconds in which cursors and acknowledgements of QoS 1 gather before they are written. */
export const MQTT_QUEUE_SAVE_MS = 100;

/**
 * Clients that get nothing are looked at once in so many sweeps, and so many records further on it is
 * written where they stand: after a crash they would have to look through all of it again, and what
 * retention took of it would count as missed.
 */
export const MQTT_IDLE_SWEEPS = 120;
export const MQTT_IDLE_RECORDS = 10_000;

/** Subscriptions of one client: each costs memory for as long as its session lasts. */
export const MQTT_SUBSCRIPTIONS_PER_CLIENT_MAX = 1_000;

/** Subscriptions of all clients together. */
export const MQTT_SUBSCRIPTIONS_MAX = 500_000;

/** Bytes of a topic filter: the standard's own bound is 65,535, and it is kept in memory. */
export const MQTT_TOPIC_FILTER_BYTES_MAX = 4_096;

/** Levels of a topic filter, and of the name of a retained message: deeper than any use. */
export const MQTT_TOPIC_LEVELS_MAX = 128;

/** Topic names whose subscribers are remembered, so that a record costs one look-up. */
export const MQTT_NAMES_KEPT_MAX = 16_384;

/** The least of them that each client that is behind may keep, however many are. */
export const MQTT_NAMES_KEPT_MIN = 64;

/** Topic aliases the server gives one client of MQTT 5, whatever more it allows. */
export const MQTT_OUT_TOPIC_ALIAS_MAX = 32;

/** Retained messages sent for one SUBSCRIBE before the connection must have read some. */
export const MQTT_RETAINED_PER_TURN_MAX = 256;

/** Retained messages: each name costs memory, and is looked at by whoever subscribes to "#". */
export const MQTT_RETAINED_MAX = 100_000;

/** Levels of their names in memory: one name may have thousands, and each costs more than its bytes. */
export const MQTT_RETAINED_LEVELS_MAX = 500_000;

/** Bytes of retained messages on the disk, which no retention ever frees. */
export const MQTT_RETAINED_BYTES_MAX = 64 * 1024 * 1024;

/** Retained messages, and about as many bytes of them, that are read in one go. */
export const MQTT_RETAINED_READ_MAX = 64;
export const MQTT_RETAINED_READ_BYTES = 256 * 1024;

/** Seconds between two looks for retained messages that have expired. */
export const MQTT_RETAINED_SWEEP_S = 60;

/** Seconds between two looks for what has changed under "$SYS". */
export const MQTT_SYS_S = 10;

assert(MQTT_BATCH_CACHE_BYTES_MAX > 8 * BATCH_BYTES_MAX, "several batches fit the cache");
assert(MQTT_FRESH_BYTES_MAX > 8 * BATCH_BYTES_MAX, "what is committed at once mostly waits");
assert(MQTT_OUT_IN_FLIGHT_V4 <= MQTT_OUT_IN_FLIGHT_MAX, "no client is allowed more than the most");
