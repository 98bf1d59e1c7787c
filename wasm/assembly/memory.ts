/**
 * The memory map. Memory is static: its size never changes, so views of it never go stale, and a
 * page that was never touched costs the host nothing. `wasm/README.md` draws it.
 *
 * After every area lies SLACK: copies work in steps of 16 bytes and may run that far past an end.
 */
import { BATCH_BYTES_MAX, DECOMPRESSED_BYTES_MAX, PARTITIONS_MAX, SLOTS_MAX } from "./limits";

export const SLACK: u32 = 256;

/** What a filter asks of records; `filter.ts` draws it. */
export const FILTER: usize = 0xc000;
export const FILTER_BYTES: u32 = 0x4000 - SLACK;

/** Small answers that do not fit one integer; each export says what it leaves here. */
export const RESULT: usize = 0x10000;
export const RESULT_BYTES: u32 = 256;

export const CRC_TABLES: usize = 0x11000; // 8 tables of 256 u32
export const CRC_FOLD: usize = 0x13000; // 32 vectors of 16 bytes
export const CRC_STATE: usize = 0x13200; // 256 bytes
export const CRC_SCRATCH: usize = 0x1b000; // 20 KiB

/** Hash table of the LZ4 compressor: 8,192 positions of 16 bits. */
export const LZ4_TABLE: usize = 0x14000;

/** Slot number by partition handle, one byte each; NO_SLOT_NUMBER where there is no open batch. */
export const SLOT_OF: usize = 0x18000;
export const SLOT_OF_BYTES: u32 = PARTITIONS_MAX + SLACK;
/** What is known of each slot, 64 bytes each; `open_batch.ts` draws it. */
export const SLOT_STATES: usize = 0x19000;
/** Free slot numbers, a stack of bytes. */
export const SLOT_STACK: usize = 0x1a000;
/** Handles the last ingest appended to, u32 each: never more than there are slots. */
export const TOUCHED: usize = 0x1a100;
/** One bit for each open container of the JSON scanner. */
export const JSON_STACK: usize = 0x1a200;
/** What is known of the session's record headers; `mqtt_publish.ts` draws it. */
export const SESSION_STATE: usize = 0x1a300;

/** Record headers of the session at hand, count included: for QoS 0, and for QoS 1. */
export const SESSION_HEADERS_BYTES: u32 = 0x14000 - SLACK;
export const SESSION_HEADERS_0: usize = 0x20000;
export const SESSION_HEADERS_1: usize = 0x34000;

/** What the subscriber at hand asked for; `mqtt_packets.ts` draws it. */
export const SUBSCRIPTION: usize = 0x48000;
export const SUBSCRIPTION_BYTES: u32 = 0x8000 - SLACK;

/** Addresses of routes by hash of their topic name, and the routes themselves. */
export const ROUTE_TABLE: usize = 0x50000;
export const ROUTE_TABLE_BYTES: u32 = 0x40000; // 65,536 addresses
export const ROUTE_ARENA: usize = 0x90000;
export const ROUTE_ARENA_BYTES: u32 = 0x3f0000 - SLACK;

/** Where the face copies what the core shall read: a chunk, a record's parts, a batch. */
export const IN: usize = 0x480000;
export const IN_BYTES: u32 = 0x140000 - SLACK;

/** Where the core writes: a compressed batch, PUBACKs. */
export const OUT: usize = 0x5c0000;
export const OUT_BYTES: u32 = 0x140000 - SLACK;

/** Rows of the record table, the ranges of a JSON array. */
export const TABLE: usize = 0x700000;
export const TABLE_BYTES: u32 = 0x40000;

/** Records out of a compressed batch, or a whole HTTP body. */
export const BIG: usize = 0x740000;
export const BIG_BYTES: u32 = DECOMPRESSED_BYTES_MAX;

/** The open batches themselves. */
export const SLOTS: usize = 0x1760000;
export const SLOT_BYTES: u32 = 0x101000;

/** Where the map ends; `tools/build_core.ts` declares as many pages, as minimum and maximum. */
export const MEMORY_END: usize = SLOTS + SLOT_BYTES * SLOTS_MAX;

// The compiler folds this: a slot that could not hold the largest batch would not build.
if (BATCH_BYTES_MAX + SLACK > SLOT_BYTES) unreachable();
if (BIG + BIG_BYTES + SLACK > SLOTS) unreachable();
