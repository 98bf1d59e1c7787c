/**
 * What an export answers. Zero or more is success (often a size); below zero names what was wrong.
 * `src/core/status.ts` is the mirror: a test holds the two together. Codes are never reused.
 */
export const OK: i32 = 0;
/** The bytes end before the thing does: read further, or it was torn. */
export const NEED_MORE: i32 = -1;
/** A length field is outside what its format, or this node, allows. */
export const BAD_LENGTH: i32 = -2;
/** Not a magic-2 batch. */
export const BAD_MAGIC: i32 = -3;
/** The bytes are not what was written. */
export const BAD_CHECKSUM: i32 = -4;
/** An unknown codec, or a control batch where a client may not send one. */
export const BAD_ATTRIBUTES: i32 = -5;
/** The record count disagrees with the offsets, is zero, or is over the limit. */
export const BAD_COUNT: i32 = -6;
/** A record does not parse, or does not fill its length. */
export const BAD_RECORD: i32 = -7;
/** A compressed stream does not decode. */
export const BAD_COMPRESSION: i32 = -8;
/** Over a limit: of a record, a packet, or what a stream may expand to. */
export const TOO_LARGE: i32 = -9;
/** gzip or zstd: the caller inflates, then asks again with the records. */
export const NEED_INFLATED: i32 = -10;
/** The open batch of that handle has to be sealed first. */
export const BATCH_FULL: i32 = -11;
/** All slots hold open batches: seal one. */
export const NO_SLOT: i32 = -12;
/** A whole packet that the fast path leaves to TypeScript. */
export const OTHER_PACKET: i32 = -13;
/** A whole PUBLISH whose topic name is not in the route cache. */
export const ROUTE_MISS: i32 = -14;
/** An MQTT packet that breaks its protocol. */
export const MALFORMED: i32 = -15;
/** Not one JSON value as RFC 8259 has it, or nested too deeply. */
export const BAD_JSON: i32 = -16;
