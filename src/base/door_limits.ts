/**
 * What the doors hold of those who have not said yet who they are, and what one client may take of
 * the door that others need. See limits.ts for the rest.
 *
 * @module
 */
import { assert } from "./assert.ts";

/** Bytes of the head of a request for MQTT over WebSocket: browsers send cookies along. */
export const HTTP_FRONT_HEAD_BYTES_MAX = 8 * 1024;

/** Bytes of it read at first: most connections are told apart by their first ten. */
export const HTTP_FRONT_HEAD_BYTES_MIN = 1024;

/** Milliseconds a connection to the HTTP port may take until it is clear what it wants. */
export const HTTP_FRONT_HEAD_MS = 30_000;

/**
 * Bytes accepted and not yet durable that sources who want more than a modest one has share while
 * there is a modest one, too: a commit takes as long as there is in it, and everybody in it waits.
 */
export const CROWD_IN_FLIGHT_BYTES_MAX = 128 * 1024;

/** What each of them has at the least; a source that has no more is modest. */
export const MODEST_IN_FLIGHT_BYTES = 32 * 1024;

/** Bytes taken from others after which a modest source is not expected to come back soon. */
export const MODEST_SEEN_BYTES = 8 * 1024 * 1024;

/** Connections over the limit that are still told so, in a CONNACK, rather than just closed. */
export const MQTT_REFUSED_AT_ONCE_MAX = 100;

/** CONNECTs of one client identifier a second: two devices with one name throw each other out. */
export const MQTT_CONNECTS_PER_CLIENT_S = 10;

/** CONNECTs one client identifier may save up: a bad link, and tests, reconnect in bursts. */
export const MQTT_CONNECTS_PER_CLIENT_BURST = 100;

/** Client identifiers whose CONNECTs of late are remembered; the one longest known goes first. */
export const MQTT_CONNECT_RATES_MAX = 10_000;

/**
 * Bytes of one read for each packet a second a client may send, where packets are limited: what is
 * read at once must be paid for before keep alive is over.
 */
export const MQTT_PACED_READ_BYTES_PER_PACKET = 16;

/** Bytes of a read below which it makes no sense to go. */
export const MQTT_PACED_READ_BYTES_MIN = 256;

// ── sources: brokers this node subscribes to ───────────────────────────────────────────────────

/** Brokers one node subscribes to: each is a connection, a client and a window of messages. */
export const SOURCES_MAX = 64;

/** Messages of one broker taken and not yet durable: its Receive Maximum, and the own bound. */
export const SOURCE_IN_FLIGHT_MAX = 1_024;

/** Milliseconds to wait before a broker is called again at first; doubled each time. */
export const SOURCE_BACKOFF_MS_MIN = 500;

/** Milliseconds it may grow to: a broker that is back must not be missed for long. */
export const SOURCE_BACKOFF_MS_MAX = 30_000;

/** Milliseconds a broker may take to answer CONNECT. */
export const SOURCE_CONNECT_TIMEOUT_MS = 15_000;

/** Seconds without a packet until the broker is asked whether it is there. */
export const SOURCE_KEEP_ALIVE_S = 30;

assert(MODEST_IN_FLIGHT_BYTES <= CROWD_IN_FLIGHT_BYTES_MAX, "one of a crowd is part of it");
