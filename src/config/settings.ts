/**
 * Every setting: its key, what it may be, its default and its meaning. A key `data_dir` is the flag
 * `--data-dir`, the environment variable `LOGBOOM_DATA_DIR` and the YAML key `data_dir`.
 * README's table and `--help` are this table.
 *
 * @module
 */
import {
  BATCH_BYTES_MAX,
  CHECKPOINT_BYTES,
  CONNECT_TIMEOUT_MS,
  CONNECTIONS_MAX,
  HEADROOM_BYTES,
  HTTP_BODY_BYTES_MAX,
  IN_FLIGHT_BYTES_MAX,
  IN_FLIGHT_BYTES_PER_CONNECTION_MAX,
  MQTT_PACKET_BYTES_MAX,
  MQTT_RECEIVE_MAXIMUM,
  PARTITIONS_MAX,
  SEGMENT_BYTES_MAX,
  SESSIONS_MAX,
} from "../base/limits.ts";
import { MQTT_SUBSCRIPTIONS_MAX, MQTT_SUBSCRIPTIONS_PER_CLIENT_MAX } from "../base/mqtt_limits.ts";
import { MQTT_CONNECTS_PER_CLIENT_S } from "../base/door_limits.ts";
import { LINK_BYTES_PER_SECOND_MIN, LINK_QUOTA_BYTES_MIN } from "../base/link_limits.ts";
import { PRIORITY_MAX, PRIORITY_MIN, TOPIC_DEFAULTS } from "../store/settings.ts";
import { WEEKDAYS } from "../replication/budget/budget_settings.ts";
import { listOf, mapOf, type Reader, shape } from "./reader.ts";
import {
  age,
  brokerUrl,
  bytes,
  clock,
  count,
  flag,
  keyTemplate,
  mqttVersion,
  oneOf,
  origins,
  port,
  severityField,
  size,
  text,
  timeZone,
  token,
  topicFilter,
  topicName,
  url,
} from "./values.ts";

export interface Setting<T = unknown> {
  readonly read: Reader<T>;
  /** As an operator would write it; undefined: not set. */
  readonly default: unknown;
  readonly meaning: string;
}

function setting<T>(read: Reader<T>, defaultValue: T | undefined, meaning: string): Setting<T> {
  return { read, default: defaultValue, meaning };
}

const MIB = 1024 * 1024;

/** Settings that a topic may override, under Kafka's names. */
export const TOPIC_SETTINGS = {
  retention_ms: setting(
    age,
    TOPIC_DEFAULTS.retentionMs,
    "age at which a segment may go; -1: never",
  ),
  retention_bytes: setting(
    size,
    TOPIC_DEFAULTS.retentionBytes,
    "size of a partition above which the oldest goes; -1: none",
  ),
  segment_bytes: setting(
    bytes(2 * BATCH_BYTES_MAX, SEGMENT_BYTES_MAX),
    TOPIC_DEFAULTS.segmentBytes,
    "size of one file of the log",
  ),
  max_message_bytes: setting(
    bytes(1_024, BATCH_BYTES_MAX),
    TOPIC_DEFAULTS.maxMessageBytes,
    "largest record batch",
  ),
  compression_type: setting(
    oneOf(["none", "lz4"]),
    TOPIC_DEFAULTS.compressionType,
    "kept only where it saves an eighth",
  ),
  durability: setting(
    oneOf(["sync", "os"]),
    TOPIC_DEFAULTS.durability,
    "`os` acknowledges before the disk has it",
  ),
  disk_policy: setting(
    oneOf(["drop_oldest", "reject", "keep_errors"]),
    TOPIC_DEFAULTS.diskPolicy,
    "what a full disk does: evict the oldest and ledger it, refuse new data, or thin by severity",
  ),
  severity_field: setting(
    severityField,
    TOPIC_DEFAULTS.severityField,
    "where `keep_errors` reads the severity: `json:NAME` or `header:NAME`",
  ),
  keep_severity: setting(
    oneOf(["debug", "info", "notice", "warn", "error", "critical", "alert", "emergency"]),
    TOPIC_DEFAULTS.keepSeverity,
    "the least severity `keep_errors` keeps",
  ),
  replication_order: setting(
    oneOf(["strict", "live_first"]),
    TOPIC_DEFAULTS.replicationOrder,
    "after an outage: all in order, or new records ahead of the backlog (`live_first`)",
  ),
  priority: setting(
    count(PRIORITY_MIN, PRIORITY_MAX),
    TOPIC_DEFAULTS.priority,
    "more goes over the link first, and leaves a full disk last",
  ),
  retain_until: setting(
    oneOf(["held", "settled"]),
    TOPIC_DEFAULTS.retainUntil,
    "frees space when the next node holds the data, or the last one",
  ),
  retain_undelivered: setting(
    flag,
    TOPIC_DEFAULTS.retainUndelivered,
    "time and size retention spare what was not delivered",
  ),
} as const;

export const NODE_SETTINGS = {
  data_dir: setting(text, "./data", "where everything lives; locked against a second process"),
  node_name: setting(text, undefined, "shown at the centre; default: the host name"),
  host: setting(text, "127.0.0.1", "bind address of all listeners"),
  mqtt_port: setting(port, 1883, "`0` picks a free port, `off` disables"),
  http_port: setting(port, 8080, "`0` picks a free port, `off` disables"),
  mqtts_port: setting(port, undefined, "MQTT under TLS, as a rule 8883; needs `tls_cert`"),
  https_port: setting(port, undefined, "HTTP and WebSocket under TLS; needs `tls_cert`"),
  tls_cert: setting(text, undefined, "PEM file of the certificate chain; SIGHUP reads it again"),
  tls_key: setting(text, undefined, "PEM file of its private key"),
  mqtt_websocket: setting(flag, false, "MQTT over WebSocket at `/mqtt` of the HTTP ports"),
  upstream: setting(url, undefined, "base URL of the centre this node replicates to"),
  upstream_token: setting(text, undefined, "credential for the upstream"),
  link_bytes_per_second: setting(
    bytes(LINK_BYTES_PER_SECOND_MIN),
    undefined,
    "most bytes a second sent to the upstream",
  ),
  link_bytes_per_day: setting(
    bytes(LINK_QUOTA_BYTES_MIN),
    undefined,
    "most bytes a day sent to and received from the upstream",
  ),
  link_bytes_per_month: setting(bytes(LINK_QUOTA_BYTES_MIN), undefined, "the same, of a month"),
  link_time_zone: setting(
    timeZone,
    "UTC",
    "whose days, months and hours those of the link are",
  ),
  allow_anonymous: setting(flag, false, "serve a non-loopback address without credentials"),
  cors_origins: setting(
    origins,
    undefined,
    "origins of web pages that may use the API; `*`: all",
  ),
  default_partitions: setting(
    count(1, PARTITIONS_MAX),
    1,
    "partitions of a topic created on first use",
  ),
  linger_ms: setting(count(0, 60_000), 0, "longest wait for more records before a commit"),
  checkpoint_bytes: setting(bytes(MIB), CHECKPOINT_BYTES, "bytes between two recovery points"),
  disk_budget_bytes: setting(
    bytes(64 * MIB),
    undefined,
    "most bytes the data may take, from 64 MiB on",
  ),
  headroom_bytes: setting(
    bytes(0),
    HEADROOM_BYTES,
    "free bytes kept for acknowledging and evicting",
  ),
  connections_max: setting(count(1, 1_000_000), CONNECTIONS_MAX, "MQTT connections at once"),
  connect_timeout_ms: setting(
    count(100, 600_000),
    CONNECT_TIMEOUT_MS,
    "time a new MQTT connection has to send CONNECT",
  ),
  connections_per_address_max: setting(
    count(1, 1_000_000),
    undefined,
    "the same, from one address",
  ),
  mqtt_connects_per_second_max: setting(
    count(1, 1_000_000),
    undefined,
    "CONNECTs a second, all MQTT clients together",
  ),
  mqtt_client_connects_per_second_max: setting(
    count(1, 1_000_000),
    MQTT_CONNECTS_PER_CLIENT_S,
    "the same, of one client identifier, after a burst",
  ),
  mqtt_client_bytes_per_second_max: setting(
    bytes(256),
    undefined,
    "bytes a second one MQTT client is read at",
  ),
  mqtt_client_publishes_per_second_max: setting(
    count(1, 10_000_000),
    undefined,
    "publishes a second one MQTT client is read at",
  ),
  mqtt_bytes_per_second_max: setting(
    bytes(256),
    undefined,
    "bytes a second all MQTT clients are read at",
  ),
  mqtt_publishes_per_second_max: setting(
    count(1, 10_000_000),
    undefined,
    "publishes a second all MQTT clients are read at",
  ),
  mqtt_receive_maximum: setting(
    count(1, 65_535),
    MQTT_RECEIVE_MAXIMUM,
    "QoS 1 and 2 publishes of one client in flight",
  ),
  mqtt_subscriptions_max: setting(
    count(1, 10_000_000),
    MQTT_SUBSCRIPTIONS_MAX,
    "subscriptions of all MQTT clients",
  ),
  mqtt_client_subscriptions_max: setting(
    count(1, 1_000_000),
    MQTT_SUBSCRIPTIONS_PER_CLIENT_MAX,
    "subscriptions of one MQTT client",
  ),
  mqtt_sessions_max: setting(
    count(0, SESSIONS_MAX),
    SESSIONS_MAX,
    "MQTT sessions that outlive their connections",
  ),
  mqtt_packet_bytes_max: setting(
    bytes(1_024, 16 * MIB),
    MQTT_PACKET_BYTES_MAX,
    "largest MQTT packet",
  ),
  http_body_bytes_max: setting(
    bytes(1_024, 1024 * MIB),
    HTTP_BODY_BYTES_MAX,
    "largest HTTP request body",
  ),
  in_flight_bytes_max: setting(
    bytes(2 * MIB),
    IN_FLIGHT_BYTES_MAX,
    "bytes taken in and not yet durable, node-wide",
  ),
  in_flight_bytes_per_connection_max: setting(
    bytes(64 * 1024),
    IN_FLIGHT_BYTES_PER_CONNECTION_MAX,
    "the same, of one connection",
  ),
  sync_delay_ms: setting(
    count(0, 10_000),
    0,
    "makes each sync slower: tries out what a slow card would do",
  ),
  log_level: setting(oneOf(["debug", "info", "warn", "error"]), "info", "of its own log lines"),
} as const;

/** Every setting that one value can hold: flags, variables and top-level keys of the file. */
export const SETTINGS: Readonly<Record<string, Setting>> = { ...NODE_SETTINGS, ...TOPIC_SETTINGS };

/** Scopes of a credential: what its holder may do. */
export const SCOPES = ["produce", "consume", "admin", "replicate"] as const;

/** What only the file can hold, since it has structure. */
export const STRUCTURES = {
  routes: listOf("routes", shape({ filter: text, topic: topicName }, { key: keyTemplate })),
  link_windows: listOf(
    "windows",
    shape({ from: clock, to: clock }, { days: listOf("weekdays", oneOf(WEEKDAYS), 1) }),
  ),
  credentials: listOf(
    "credentials",
    shape({ name: text, token, scopes: listOf("its scopes", oneOf(SCOPES), 1) }, {}),
  ),
  sources: listOf(
    "sources",
    shape({ mqtt: brokerUrl, topics: listOf("topic filters", topicFilter, 1) }, {
      ...{ name: text, qos: count(0, 2), client_id: text, version: mqttVersion },
      ...{ username: text, password: text, ca: text },
    }),
  ),
  topics: mapOf(
    "topic names to their settings",
    topicName,
    shape({}, { partitions: count(1, PARTITIONS_MAX), ...readersOf(TOPIC_SETTINGS) }),
  ),
} as const;

type Readers<T extends Readonly<Record<string, Setting>>> = { [K in keyof T]: T[K]["read"] };

function readersOf<T extends Readonly<Record<string, Setting>>>(settings: T): Readers<T> {
  const entries = Object.entries(settings).map(([key, { read }]) => [key, read]);
  return Object.fromEntries(entries) as Readers<T>;
}
