/**
 * The tables of the catalogue. A table may come, and an older logboom does not know it; one that is
 * there never changes, so that either can open what the other wrote.
 *
 *     consumer_groups, group_offsets: see store/group_book.ts
 *     mqtt_*          see store/mqtt_book.ts: what is kept of sessions and retained messages
 *     mqtt_outbound   `sequence` is the order they were sent in; either `partition` and
 *                     `record_offset` say where the message is, or the columns after them hold it
 *
 * @module
 */
const SCHEMA_VERSION = 1;

/** In `meta`, "1": an older logboom kept sessions of MQTT clients, but not in tables of its own. */
export const MQTT_BOOK_NEW = "mqtt_book_new";

export const SQLITE_SCHEMA = `
  CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS topics (
    name TEXT PRIMARY KEY, id TEXT NOT NULL, settings TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS own_logs (
    log_id TEXT PRIMARY KEY, topic TEXT NOT NULL, partition INTEGER NOT NULL,
    first_offset INTEGER NOT NULL, predecessor TEXT, predecessor_end INTEGER NOT NULL,
    root TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS announced_logs (
    log_id TEXT PRIMARY KEY, peer TEXT NOT NULL, gateway TEXT NOT NULL,
    topic TEXT NOT NULL, partition INTEGER NOT NULL,
    first_offset INTEGER NOT NULL, predecessor TEXT, predecessor_end INTEGER NOT NULL,
    root TEXT NOT NULL, target_topic TEXT NOT NULL, target_partition INTEGER NOT NULL, closed TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS log_paths (
    log_id TEXT PRIMARY KEY, path_key TEXT, paths TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS peers (
    id TEXT PRIMARY KEY, name TEXT NOT NULL,
    first_seen_ms INTEGER NOT NULL, last_seen_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS consumer_groups (
    group_id TEXT PRIMARY KEY, alive_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS group_offsets (
    group_id TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL,
    topic_id TEXT NOT NULL, next_offset INTEGER NOT NULL, leader_epoch INTEGER NOT NULL,
    metadata TEXT NOT NULL,
    PRIMARY KEY (group_id, topic, partition)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS credentials (
    name TEXT PRIMARY KEY, kind TEXT NOT NULL, hash TEXT NOT NULL, created_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS mqtt_sessions (
    client_id TEXT PRIMARY KEY, expiry_s INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS mqtt_subscriptions (
    client_id TEXT NOT NULL, filter TEXT NOT NULL, qos INTEGER NOT NULL, no_local INTEGER NOT NULL,
    retain_as_published INTEGER NOT NULL, retain_handling INTEGER NOT NULL, identifier INTEGER,
    since TEXT NOT NULL,
    PRIMARY KEY (client_id, filter)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS mqtt_group_members ON mqtt_subscriptions (filter)
    WHERE filter LIKE '$share/%';
  CREATE TABLE IF NOT EXISTS mqtt_cursors (
    client_id TEXT NOT NULL, partition TEXT NOT NULL, next_offset INTEGER NOT NULL,
    PRIMARY KEY (client_id, partition)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS mqtt_groups (
    filter TEXT PRIMARY KEY, cursors TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS mqtt_outbound (
    sequence INTEGER PRIMARY KEY, client_id TEXT NOT NULL, packet_id INTEGER NOT NULL,
    qos INTEGER NOT NULL, released INTEGER NOT NULL, retain INTEGER NOT NULL,
    identifiers TEXT NOT NULL, group_filter TEXT,
    partition TEXT, record_offset INTEGER,
    topic_name BLOB, timestamp INTEGER, key BLOB, headers BLOB, value BLOB,
    UNIQUE (client_id, packet_id)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS mqtt_retained (
    topic_name TEXT PRIMARY KEY, bytes INTEGER NOT NULL, expires_ms INTEGER,
    timestamp INTEGER NOT NULL, key BLOB, headers BLOB NOT NULL, value BLOB
  ) STRICT;
  PRAGMA user_version = ${SCHEMA_VERSION};
`;
