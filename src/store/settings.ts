/**
 * Settings of the store and of a topic. Topic settings carry Kafka's names (`retention_ms` in
 * configuration, JSON and the catalogue; `retentionMs` here).
 *
 * @module
 */
import { OperatingError } from "../base/errors.ts";
import {
  BATCH_BYTES_MAX,
  CHECKPOINT_BYTES,
  HEADROOM_BYTES,
  PARTITIONS_MAX,
  RECORD_BYTES_MAX,
  RETENTION_INTERVAL_MS,
  RETENTION_MS,
  SEGMENT_BYTES,
  SEGMENT_BYTES_MAX,
} from "../base/limits.ts";

export interface TopicSettings {
  readonly partitions: number;
  /** Age by local receive time after which a segment may go; -1 keeps it for ever. */
  readonly retentionMs: number;
  /** Bytes of a partition above which its oldest segments go; -1 sets no bound. */
  readonly retentionBytes: number;
  readonly segmentBytes: number;
  readonly maxMessageBytes: number;
  readonly compressionType: "none" | "lz4";
  /** `os` acknowledges what the operating system took: outside the promises P1 to P3. */
  readonly durability: "sync" | "os";
  /** What happens at the headroom line: the oldest goes (ledgered), or the newest is refused. */
  /** What happens at the headroom line besides: `keep_errors` thins the oldest by severity. */
  readonly diskPolicy: "drop_oldest" | "reject" | "keep_errors";
  /** Where `keep_errors` reads the severity: `json:NAME`, `header:NAME`; empty: it has none. */
  readonly severityField: string;
  /** The least severity that `keep_errors` keeps. */
  readonly keepSeverity: string;
  readonly replicationOrder: "strict" | "live_first";
  /** 1 to 9; what has more goes over the link first, and leaves a full disk last. */
  readonly priority: number;
  /** What frees a gateway's space: the next node holds it, or the root of the chain does. */
  readonly retainUntil: "held" | "settled";
  /** Whether retention by time and bytes spares what was not delivered upstream. */
  readonly retainUndelivered: boolean;
}

export interface StoreSettings {
  readonly defaultPartitions: number;
  /** How long a commit waits for company. */
  readonly lingerMs: number;
  /** Bytes appended that make a checkpoint due. */
  readonly checkpointBytes: number;
  /** What the data directory may hold; null leaves only the disk itself as the bound. */
  readonly diskBudgetBytes: number | null;
  /** Free bytes below which data appends stop, so that the books can still be kept. */
  readonly headroomBytes: number;
  /** How often retention looks at what may go. */
  readonly retentionIntervalMs: number;
  /** Bytes each of the two origin journal files starts with. */
  readonly originJournalBytes: number;
  readonly topicDefaults: TopicSettings;
  /** Of a topic of that name, where it is not as others are. */
  readonly settingsOf?: (topic: string) => TopicSettings;
}

export const PRIORITY_MIN = 1;
export const PRIORITY_MAX = 9;

export const TOPIC_DEFAULTS: TopicSettings = {
  partitions: 1,
  retentionMs: RETENTION_MS,
  retentionBytes: -1,
  segmentBytes: SEGMENT_BYTES,
  maxMessageBytes: BATCH_BYTES_MAX,
  compressionType: "lz4",
  durability: "sync",
  diskPolicy: "drop_oldest",
  severityField: "",
  keepSeverity: "error",
  replicationOrder: "strict",
  priority: 5,
  retainUntil: "held",
  retainUndelivered: true,
};

export const STORE_DEFAULTS: StoreSettings = {
  defaultPartitions: 1,
  lingerMs: 0,
  checkpointBytes: CHECKPOINT_BYTES,
  diskBudgetBytes: null,
  headroomBytes: HEADROOM_BYTES,
  retentionIntervalMs: RETENTION_INTERVAL_MS,
  originJournalBytes: 1024 * 1024,
  topicDefaults: TOPIC_DEFAULTS,
};

/** @throws {OperatingError} invalid_argument that names the setting, its value and its bounds. */
export function checkTopicSettings(topic: string, settings: TopicSettings): void {
  const within = (name: string, value: number, min: number, max: number, unbounded = false) => {
    if (unbounded && value === -1) return;
    if (Number.isSafeInteger(value) && value >= min && value <= max) return;
    throw new OperatingError(
      "invalid_argument",
      `Cannot use ${name} ${value} for topic "${topic}": it must be an integer from ${min} to ` +
        `${max}${unbounded ? ", or -1" : ""}`,
      { topic, setting: name, value },
    );
  };
  within("partitions", settings.partitions, 1, PARTITIONS_MAX);
  within("priority", settings.priority, PRIORITY_MIN, PRIORITY_MAX);
  within("retention_ms", settings.retentionMs, 1, Number.MAX_SAFE_INTEGER, true);
  within("retention_bytes", settings.retentionBytes, 1, Number.MAX_SAFE_INTEGER, true);
  within("segment_bytes", settings.segmentBytes, 1, SEGMENT_BYTES_MAX);
  within(
    "max_message_bytes",
    settings.maxMessageBytes,
    1,
    Math.max(RECORD_BYTES_MAX, BATCH_BYTES_MAX),
  );
}

/** The catalogue and every interface speak snake_case. */
export const TOPIC_SETTING_NAMES = {
  partitions: "partitions",
  retentionMs: "retention_ms",
  retentionBytes: "retention_bytes",
  segmentBytes: "segment_bytes",
  maxMessageBytes: "max_message_bytes",
  compressionType: "compression_type",
  durability: "durability",
  diskPolicy: "disk_policy",
  severityField: "severity_field",
  keepSeverity: "keep_severity",
  replicationOrder: "replication_order",
  priority: "priority",
  retainUntil: "retain_until",
  retainUndelivered: "retain_undelivered",
} as const satisfies Readonly<Record<keyof TopicSettings, string>>;

type SettingValue = TopicSettings[keyof TopicSettings];

/** Of all settings, or of some. */
export function encodeTopicSettings(
  settings: Partial<TopicSettings>,
): Record<string, SettingValue> {
  const encoded: Record<string, SettingValue> = {};
  for (const [key, name] of Object.entries(TOPIC_SETTING_NAMES)) {
    const value = settings[key as keyof TopicSettings];
    if (value !== undefined) encoded[name] = value;
  }
  return encoded;
}

/** What {@linkcode encodeTopicSettings} wrote; what an older version did not know has its default. */
export function decodeTopicSettings(row: Readonly<Record<string, unknown>>): TopicSettings {
  return { ...TOPIC_DEFAULTS, ...decodeSomeSettings(row) };
}

/** The same of some settings; what is unknown, or of another type, is left out. */
export function decodeSomeSettings(
  row: Readonly<Record<string, unknown>>,
): Partial<TopicSettings> {
  const known = Object.entries(TOPIC_SETTING_NAMES)
    .filter(([key, name]) => typeof row[name] === typeof TOPIC_DEFAULTS[key as keyof TopicSettings])
    .map(([key, name]) => [key, row[name]]);
  return Object.fromEntries(known) as Partial<TopicSettings>;
}
