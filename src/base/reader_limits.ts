/**
 * What one reader may cost the node: by what it looks for, and by what is looked through for it.
 * See limits.ts for the rest.
 *
 * @module
 */

/** Bytes of all that a filter compares with: the longest MQTT topic name as key, and headers. */
export const FILTER_BYTES_MAX = 8 * 1024;

/** Bytes looked for within values: in bytes made to be hard to tell apart, each costs. */
export const FILTER_CONTAINS_BYTES_MAX = 256;

/** Headers a filter may ask for: each is looked for among all of a record. */
export const FILTER_HEADERS_MAX = 16;

/** Bytes of stored batches looked through for one page: at most about a tenth of a second. */
export const FETCH_SCAN_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Bytes of them read at a time: a batch of the size at which they are sealed must fit, or it is read
 * twice. Inflated and looked through in a millisecond or two.
 */
export const FETCH_SCAN_READ_BYTES = 640 * 1024;

/** Bytes of a page below which packing it gains less than the reader's time to unpack it. */
export const PAGE_COMPRESSED_BYTES_MIN = 1024;
