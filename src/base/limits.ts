/**
 * Everything that can grow has a limit: named, with its unit and its reason. What an operator may
 * change is a setting with one of these as its default; the rest are facts of the formats.
 * Add yours here, in alphabetical order inside its group; those of the link stand in link_limits.ts.
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

/**
 * Logs of other nodes kept in the catalogue: one per run of a partition, and kept for ever. None
 * can be forgotten: a gateway restored from a backup sends old runs again and begins a new one at
 * offsets it used before, and only the log id tells the one from the other. Measured, each costs
 * 0.7 KB of memory: 0.35 GB in all, for 100 days of 1,000 gateways with five partitions that all
 * start daily.
 */
export const ANNOUNCED_LOGS_MAX = 500_000;

/** Bytes of one frame of a journal: the books write small facts, never records. */
export const JOURNAL_FRAME_BYTES_MAX = 1024 * 1024;

/** Bytes kept for SQLite, which cannot commit at zero bytes free: eight times its largest WAL. */
export const CATALOGUE_BALLAST_BYTES = 2 * 1024 * 1024;

/** Bytes written since the last checkpoint that make the next one due: bounds the recovery scan. */
export const CHECKPOINT_BYTES = 16 * 1024 * 1024;

/** Milliseconds after a change at which a checkpoint is written, however little there is. */
export const CHECKPOINT_IDLE_MS = 1_000;

/** Between two of those: under a trickle, one each second would wear flash out for nothing. */
export const CHECKPOINT_REST_MS = 30_000;

/** Bytes a checkpoint file grows by, in zeros: the next one must fit at zero bytes free. */
export const CHECKPOINT_STEP_BYTES = 64 * 1024;

/** Files synced at the same time: measured, more gains nothing on flash or NVMe. */
export const CONCURRENT_SYNCS_MAX = 8;

/** Milliseconds a commit waits at the most for those whom the last one released. */
export const CROWD_PAUSE_MS_MAX = 8;

/** Waiters of a commit from which they count as a crowd: about what one turn of the loop reads. */
export const CROWD_WAITERS_MIN = 64;

/** Turns of the event loop for which a commit waits for more of a crowd: 32 read thousands. */
export const GATHER_TURNS_MAX = 32;

/** Milliseconds for which what was free on the disk is taken to be free still. */
export const DISK_BUDGET_LOOK_MS = 10;

/** Bytes of room at which eviction begins, so that it is done before the line is reached. */
export const EVICTION_AHEAD_BYTES = 32 * 1024 * 1024;

/** Of what the node may hold, one part in so many is left to each priority of topics. */
export const EVICTION_FLOOR_SHARE = 20;

/** Free bytes below which data appends stop: more than all that is in flight, and room to evict. */
export const HEADROOM_BYTES = 64 * 1024 * 1024;

/** Milliseconds after which it is tried again to evict, when nothing could be. */
export const EVICTION_RETRY_MS = 1_000;

/** Bytes of log between two entries of the sparse offset index. */
export const INDEX_INTERVAL_BYTES = 64 * 1024;

/** Indexes of sealed segments kept in memory, about 24 KiB each at the default segment size. */
export const INDEXES_KEPT_MAX = 128;

/** Ranges above the watermark of one log: only an announced lane opening makes one. */
export const ISLANDS_MAX = 64;

/** Ranges of one log that lie elsewhere, each named in the checkpoint: after a change of upstream. */
export const OPEN_RANGES_MAX = 1_024;

/** Leader epochs remembered per partition: one for each start that appended. */
export const LEADER_EPOCHS_KEPT_MAX = 1_000;

/** Bytes by which the ledger is grown, by writing zeros: thousands of evictions each. */
export const LEDGER_STEP_BYTES = 256 * 1024;

/** Bytes a ledger file may grow to: all entries, three times. */
export const LEDGER_BYTES_MAX = 64 * 1024 * 1024;

/** Entries made by one change of the ledger: a quarter of a journal's frame. */
export const LEDGER_CHANGE_ENTRIES_MAX = 1_000;

/** Entries of the ledger in memory; older ones of one log, reason and state are joined. */
export const LEDGER_ENTRIES_MAX = 50_000;

/** Segment files open at once: below the usual limit of 1,024 descriptors, sockets included. */
export const OPEN_SEGMENT_FILES_MAX = 512;

/** Bytes an origin journal file may grow to: it must hold all of what is remembered, four times. */
export const ORIGIN_JOURNAL_BYTES_MAX = 64 * 1024 * 1024;

/** Milliseconds until what `durability: os` acknowledged is synced. */
export const OS_SYNC_INTERVAL_MS = 1_000;

/** Log ids kept of one partition once all they stand for is delivered and gone: one a start. */
export const OWN_LOGS_KEPT_MAX = 32;

/** Partitions of a node: each costs a directory, a file handle and a sync. */
export const PARTITIONS_MAX = 2_000;

/** HTTP producers remembered; the one longest silent is forgotten first. */
export const PRODUCERS_MAX = 4_096;

/** Sequences remembered of each HTTP producer: how many requests it may have in flight or doubt. */
export const PRODUCER_WINDOW = 16;

/** Bytes kept as evidence of one damaged place: more than two batches of the largest size. */
export const QUARANTINE_BYTES_MAX = 4 * 1024 * 1024;

/** Files kept in quarantine: a dying disk must not fill itself with evidence. */
export const QUARANTINE_FILES_MAX = 1_000;

/** QoS 2 packet ids held between PUBLISH and PUBREL, all clients together: each costs memory. */
export const QOS2_HELD_MAX = 65_536;

/** Milliseconds a record is kept unless its topic says otherwise: Kafka's seven days. */
export const RETENTION_MS = 7 * 24 * 60 * 60 * 1000;

/** Milliseconds between two looks at what retention may remove. */
export const RETENTION_INTERVAL_MS = 60_000;

/** Milliseconds over which the growth of the logs is averaged: what it is now, and of a usual day. */
export const RATE_SHORT_MS = 10 * 60 * 1000;
export const RATE_LONG_MS = 24 * 60 * 60 * 1000;

/** Days for which a dry run may be asked what a link that is down would cost. */
export const FORECAST_DAYS_MAX = 3_650;

/** Sessions of MQTT clients remembered across a restart. */
export const SESSIONS_MAX = 100_000;

/** Islands of one log that were closed and can still be read: each is 30 bytes of a checkpoint. */
export const SPLICES_MAX = 1_024;

/** Bytes of a segment file at which the next one is opened. */
export const SEGMENT_BYTES = 64 * 1024 * 1024;

/** Bytes of a segment file an operator may ask for: positions in its index are 32 bits. */
export const SEGMENT_BYTES_MAX = 1024 * 1024 * 1024;

/** Milliseconds from which a commit counts as slow: a card's, not a solid state disk's. */
export const SLOW_COMMIT_MS = 4;

/** Bytes up to which a commit of one file may be synced on the event loop itself. */
export const SYNC_NOW_BYTES_MAX = 64 * 1024;

/**
 * Clients a commit may release to be synced on the event loop. The runtime takes 128 reads in a
 * turn; a loop that never rests gives them to those just answered, and a thousand others starve.
 */
export const SYNC_NOW_WAITERS_MAX = 100;

/** Milliseconds a sync on the event loop may take; on slower disks it goes to a thread. */
export const SYNC_NOW_MS_MAX = 0.5;

/** Milliseconds between two tries whether a slow disk has become quick. */
export const SYNC_PROBE_INTERVAL_MS = 1_000;

/** Bytes below which segments are not made smaller, however small the disk: files cost too. */
export const SEGMENT_BYTES_MIN = 64 * 1024;

/** Bytes of records that are worth an entry of the ledger when a segment is thinned. */
export const THINNED_HOLE_BYTES_MIN = 2 * 1024;

/** Ranges that thinning takes out of one segment: each is an entry of the ledger. */
export const THINNED_HOLES_MAX = 1_000;

/** A segment is thinned where that frees one part in so many of it; else it goes whole. */
export const THINNED_SHARE_MIN = 10;

/** Topics of a node: they are created on first use, so devices could make them without end. */
export const TOPICS_MAX = 1_000;

/** Characters of a topic name; Kafka's rule, so that the name fits a file name with its suffix. */
export const TOPIC_NAME_MAX = 249;

/** Milliseconds the wall clock may leap in one go without it being an event worth a log line. */
export const WALL_CLOCK_STEP_MS = 60 * 60 * 1000;

// ── ingress ────────────────────────────────────────────────────────────────────────────────────

/** Client connections at once: each costs a descriptor and a read buffer. */
export const CONNECTIONS_MAX = 10_000;

/** Milliseconds a new connection has to send a whole CONNECT. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** Bytes of an HTTP request body. */
export const HTTP_BODY_BYTES_MAX = 16 * 1024 * 1024;

/** Bytes of HTTP bodies being read, per node: beyond it the oldest unfinished one is given up. */
export const HTTP_BODIES_BYTES_MAX = 64 * 1024 * 1024;

/** Milliseconds a whole HTTP body may take: 16 MiB over a 5 Mbit/s link. */
export const HTTP_BODY_TIMEOUT_MS = 30_000;

/** Bytes accepted and not yet durable, per connection: a fast client waits for the disk. */
export const IN_FLIGHT_BYTES_PER_CONNECTION_MAX = 2 * 1024 * 1024;

/** Bytes accepted and not yet durable, per node: what a crash of patience may cost in memory. */
export const IN_FLIGHT_BYTES_MAX = 32 * 1024 * 1024;

/** Bytes of answers a client has not read yet, beyond which nothing more is read from it. */
export const MQTT_ANSWER_BYTES_MAX = 64 * 1024;

/** Bytes of a client identifier: it is kept in memory and in each of the client's records. */
export const MQTT_CLIENT_ID_BYTES_MAX = 1_024;

/** Bytes of a packet that is not a PUBLISH: each of its fields becomes an object. */
export const MQTT_CONTROL_BYTES_MAX = 64 * 1024;

/** Bytes of wills and topic aliases, all clients together. */
export const MQTT_KEPT_BYTES_MAX = 16 * 1024 * 1024;

/** User properties of one packet, beyond which it is not even looked at. */
export const MQTT_USER_PROPERTIES_MAX = 2_000;

/** Topic names without a key that move on to the next partition every second, on the fast path. */
export const MQTT_KEYLESS_ROUTES_MAX = 1_000;

/** Log lines that MQTT clients may cause in a second: broken devices must not fill the disk. */
export const MQTT_LOG_LINES_PER_SWEEP = 20;

/** Bytes of an MQTT packet: a 1 MiB payload and its header. */
export const MQTT_PACKET_BYTES_MAX = 1024 * 1024 + 64 * 1024;

/** Bytes of a CONNECT: will, user name and password of 64 KiB each; nobody is known yet. */
export const MQTT_CONNECT_BYTES_MAX = 256 * 1024;

/** QoS 1 and 2 publishes of one client not yet answered: MQTT 5's Receive Maximum. */
export const MQTT_RECEIVE_MAXIMUM = 16_384;

/** Topic aliases of one MQTT 5 connection. */
export const MQTT_TOPIC_ALIAS_MAXIMUM = 16;

/** Bytes of an MQTT topic name: the standard's own bound is 65,535, and it is a key in memory. */
export const MQTT_TOPIC_NAME_BYTES_MAX = 4_096;

/** Milliseconds an unfinished packet larger than a read buffer may hold one that others wait for. */
export const MQTT_PACKET_STALL_MS = 10_000;

/**
 * Seconds a client that cannot be told "no room" is held before it is closed and may come back: its
 * own keep alive ends it sooner, where it has one, and nobody else notices that it is gone.
 */
export const MQTT_STALL_S_MAX = 600;

/** Bytes of publishes kept to be taken again once there is room: all that can be in flight. */
export const MQTT_UNANSWERED_BYTES_MAX = 32 * 1024 * 1024;

/** Seconds a connection that ends may take to read its last answers. */
export const MQTT_END_S_MAX = 5;

/** Milliseconds a stopping node waits for its clients' last acknowledgements. */
export const MQTT_STOP_MS = 5_000;

/** Milliseconds a produce request waits for room before it is told to come back. */
export const PRODUCE_ADMISSION_WAIT_MS = 5_000;

/**
 * Milliseconds until an idle link first asks what the root of the chain has by now; the wait doubles
 * up to that of a probe while nothing changes, so that a root that is down for weeks costs little.
 */
export const REPLICATION_SETTLED_ASK_MS = 1_000;

/** Bytes of one section of an export: an append request, or an announcement. */
export const EXPORT_SECTION_BYTES_MAX = 8 * 1024 * 1024;

/**
 * Peers that may speak for one log: those it came by last. One forgotten is let in again by its key.
 */
export const LOG_PATHS_MAX = 8;

/** Lines in one produce request, which go to the core without becoming objects. */
export const PRODUCE_LINES_MAX = 1_000_000;

/** Records in one produce request that do: bounds what a body of tiny ones makes the node allocate. */
export const PRODUCE_RECORDS_MAX = 100_000;

/** Bytes the batches of one produce request may decompress to. */
export const PRODUCE_DECODED_BYTES_MAX = 32 * 1024 * 1024;

/** Characters of `Logboom-Producer-Id`: each live one is remembered. */
export const PRODUCER_ID_CHARACTERS_MAX = 128;

/** Bytes of a connection's read buffer at first: thousands of idle connections must stay cheap. */
export const READ_BUFFER_BYTES_MIN = 512;

/** Bytes of a read buffer that reads keep filling; more gains nothing measurable. */
export const READ_BUFFER_BYTES_MAX = 64 * 1024;

/** Bytes of all read buffers beyond their first size. */
export const READ_BUFFERS_BYTES_MAX = 32 * 1024 * 1024;

// ── egress ─────────────────────────────────────────────────────────────────────────────────────

/** Bytes of records in one page: what one reader can make the node hold. */
export const FETCH_BYTES_MAX = 16 * 1024 * 1024;

/** The same, where the reader does not say. */
export const FETCH_BYTES_DEFAULT = 1024 * 1024;

/** Bytes of records in one decoded page, whatever was asked for: making it blocks all others. */
export const FETCH_DECODED_BYTES_MAX = 4 * 1024 * 1024;

/** Records a reader may ask for in one decoded page; the bytes bound it before that. */
export const FETCH_RECORDS_MAX = 1_000_000;

/** The same, where the reader does not say. */
export const FETCH_RECORDS_DEFAULT = 1_000;

/** Milliseconds a reader may wait for new records: less than most proxies wait for an answer. */
export const FETCH_WAIT_MS_MAX = 55_000;

/** Gaps named by one raw page: its header must fit what clients accept, mostly 16 KiB. */
export const GAPS_PER_HEADER_MAX = 100;

/** Logs listed in one answer: a centre knows one for each run of each gateway's partition. */
export const LISTED_LOGS_MAX = 10_000;

/** Partitions of a topic that can be read merged: the cursor holds each, and must fit a URL. */
export const MERGED_PARTITIONS_MAX = 256;

/** Bytes looked at for one page in the order of source: most of them may belong elsewhere in it. */
export const SOURCE_SCAN_BYTES_MAX = 32 * 1024 * 1024;

assert(BATCH_BYTES_TARGET <= BATCH_BYTES_MAX, "a batch is sealed before it is over its limit");
assert(RECORD_BYTES_MAX + BATCH_HEADER_BYTES <= BATCH_BYTES_MAX, "the largest record fits a batch");
assert(IN_FLIGHT_BYTES_PER_CONNECTION_MAX <= IN_FLIGHT_BYTES_MAX, "one connection is part of all");
assert(2 * MQTT_PACKET_BYTES_MAX <= READ_BUFFERS_BYTES_MAX, "the largest packet can be read");
assert(BATCH_BYTES_MAX < SEGMENT_BYTES, "a batch fits a segment");
assert(HEADROOM_BYTES > IN_FLIGHT_BYTES_MAX, "what is in flight at the headroom line still fits");
