/**
 * What the doors hold of those who have not said yet who they are, and what one client may take of
 * the door that others need. See limits.ts for the rest.
 *
 * @module
 */

/** Bytes of the head of a request for MQTT over WebSocket: browsers send cookies along. */
export const HTTP_FRONT_HEAD_BYTES_MAX = 8 * 1024;

/** Bytes of it read at first: most connections are told apart by their first ten. */
export const HTTP_FRONT_HEAD_BYTES_MIN = 1024;

/** Milliseconds a connection to the HTTP port may take until it is clear what it wants. */
export const HTTP_FRONT_HEAD_MS = 30_000;
