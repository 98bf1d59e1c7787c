/**
 * Everything that can grow has a limit: named, with its unit and its reason. What an operator may
 * change is a setting with one of these as its default; the rest are facts of the formats.
 * Add yours here, in alphabetical order inside its group.
 *
 * @module
 */
import { assert } from "./assert.ts";

// ── records and batches ────────────────────────────────────────────────────────────────────────

/** Bytes of a whole record batch. Kafka's own default for `max.message.bytes`: 1 MiB + 12. */
export const BATCH_BYTES_MAX = 1_048_588;

/** Bytes of an open batch at which it is sealed, so that several fit the reader's page. */
export const BATCH_BYTES_TARGET = 512 * 1024;

/** Records in one batch: bounds what a reader decodes at once, and the i32 of the header. */
export const BATCH_RECORDS_MAX = 65_536;

/** Bytes of a batch's header; `format/record_batch.ts` draws it. */
export const BATCH_HEADER_BYTES = 61;

/** Bytes one batch may decompress to: a bomb costs this much and no more. */
export const DECOMPRESSED_BYTES_MAX = 16 * 1024 * 1024;

/** Bytes of one encoded record: it must fit a batch alone. */
export const RECORD_BYTES_MAX = BATCH_BYTES_MAX - BATCH_HEADER_BYTES;

/** Headers of one record: a bound on what a client can make a reader allocate. */
export const RECORD_HEADERS_MAX = 1_000;

/** An offset that cannot be exceeded: what a JSON number holds exactly. */
export const OFFSET_MAX = Number.MAX_SAFE_INTEGER;

/** Offsets in one producer epoch: `baseSequence` is a positive i32. No batch straddles a multiple. */
export const SEQUENCES_PER_EPOCH = 2 ** 31;

// ── store ──────────────────────────────────────────────────────────────────────────────────────

/** Bytes written since the last checkpoint that make the next one due: bounds the recovery scan. */
export const CHECKPOINT_BYTES = 16 * 1024 * 1024;

/** Milliseconds without appends after which a due checkpoint is written anyway. */
export const CHECKPOINT_IDLE_MS = 1_000;

/** Files synced at the same time: measured, more gains nothing on flash or NVMe. */
export const CONCURRENT_SYNCS_MAX = 8;

/** Bytes of log between two entries of the sparse offset index. */
export const INDEX_INTERVAL_BYTES = 64 * 1024;

/** Partitions of a node: each costs a directory, a file handle and a sync. */
export const PARTITIONS_MAX = 2_000;

/** Bytes of a segment file at which the next one is opened. */
export const SEGMENT_BYTES = 64 * 1024 * 1024;

/** Topics of a node: they are created on first use, so devices could make them without end. */
export const TOPICS_MAX = 1_000;

/** Characters of a topic name; Kafka's rule, so that the name fits a file name with its suffix. */
export const TOPIC_NAME_MAX = 249;

// ── ingress ────────────────────────────────────────────────────────────────────────────────────

/** Client connections at once: each costs a descriptor and a read buffer. */
export const CONNECTIONS_MAX = 10_000;

/** Milliseconds a new connection has to send a whole CONNECT. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** Bytes of an HTTP request body. */
export const HTTP_BODY_BYTES_MAX = 16 * 1024 * 1024;

/** Bytes accepted and not yet durable, per connection: a fast client waits for the disk. */
export const IN_FLIGHT_BYTES_PER_CONNECTION_MAX = 2 * 1024 * 1024;

/** Bytes accepted and not yet durable, per node: what a crash of patience may cost in memory. */
export const IN_FLIGHT_BYTES_MAX = 32 * 1024 * 1024;

/** Bytes of an MQTT packet: a 1 MiB payload and its header. */
export const MQTT_PACKET_BYTES_MAX = 1024 * 1024 + 64 * 1024;

// ── replication ────────────────────────────────────────────────────────────────────────────────

/** Bytes of batches in one replication request, unless a single batch is larger. */
export const REPLICATION_REQUEST_BYTES = 1024 * 1024;

/** Requests of one link sent and not yet answered. */
export const REPLICATION_REQUESTS_IN_FLIGHT_MAX = 4;

assert(BATCH_BYTES_TARGET <= BATCH_BYTES_MAX, "a batch is sealed before it is over its limit");
assert(RECORD_BYTES_MAX + BATCH_HEADER_BYTES <= BATCH_BYTES_MAX, "the largest record fits a batch");
assert(IN_FLIGHT_BYTES_PER_CONNECTION_MAX <= IN_FLIGHT_BYTES_MAX, "one connection is part of all");
assert(BATCH_BYTES_MAX < SEGMENT_BYTES, "a batch fits a segment");
