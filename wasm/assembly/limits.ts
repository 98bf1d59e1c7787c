/**
 * The limits of `src/base/limits.ts` that the core enforces itself. Exported, so that the typed
 * face can refuse a build whose numbers differ.
 */
export const BATCH_BYTES_MAX: u32 = 1_048_588;
export const BATCH_BYTES_TARGET: u32 = 512 * 1024;
export const BATCH_RECORDS_MAX: u32 = 65_536;
export const DECOMPRESSED_BYTES_MAX: u32 = 16 * 1024 * 1024;
export const PARTITIONS_MAX: u32 = 2_000;
export const RECORD_HEADERS_MAX: u32 = 1_000;

/** Open batches at once. Each costs address space, and memory only as far as it was ever filled. */
export const SLOTS_MAX: u32 = 32;
/** Containers inside containers of one JSON value: one bit of state each. */
export const JSON_DEPTH_MAX: u32 = 512;
/** Topic names remembered: more than connections, so that one name each always fits. */
export const ROUTES_MAX: u32 = 16_384;
