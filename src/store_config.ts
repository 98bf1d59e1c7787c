/**
 * The configuration as the store takes it. Of a setting of a topic, what was chosen for that topic
 * while a node ran comes first, then what the file says of it, then what the node has for all. The
 * file and the node's are read at every start; of what is chosen, and of how many partitions there
 * are, the catalogue keeps the record.
 *
 * @module
 */
import type { Logger } from "./base/log.ts";
import type { Config, TopicOverrides } from "./config.ts";
import type { Catalogue } from "./store/catalogue.ts";
import { STORE_DEFAULTS, type StoreSettings, type TopicSettings } from "./store/settings.ts";

export function storeSettingsOf(config: Config): StoreSettings {
  return {
    ...STORE_DEFAULTS,
    defaultPartitions: config.default_partitions,
    lingerMs: config.linger_ms,
    checkpointBytes: config.checkpoint_bytes,
    diskBudgetBytes: config.disk_budget_bytes,
    headroomBytes: config.headroom_bytes,
    topicDefaults: topicSettingsOf(config),
    settingsOf: (name) => topicSettingsOf(config, name),
  };
}

/** Of the topic of that name, or of one that the file says nothing about. */
export function topicSettingsOf(config: Config, name?: string): TopicSettings {
  const overrides: TopicOverrides = name === undefined ? {} : config.topics[name] ?? {};
  const pick = <K extends keyof Config & keyof TopicOverrides>(key: K) =>
    (overrides[key] ?? config[key]) as Config[K];
  return {
    partitions: overrides.partitions ?? config.default_partitions,
    retentionMs: pick("retention_ms"),
    retentionBytes: pick("retention_bytes"),
    segmentBytes: pick("segment_bytes"),
    maxMessageBytes: pick("max_message_bytes"),
    compressionType: pick("compression_type"),
    durability: pick("durability"),
    diskPolicy: pick("disk_policy"),
    severityField: pick("severity_field"),
    keepSeverity: pick("keep_severity"),
    replicationOrder: pick("replication_order"),
    priority: pick("priority"),
    retainUntil: pick("retain_until"),
    retainUndelivered: pick("retain_undelivered"),
  };
}

/** The catalogue, with settings of its topics as the configuration has them now. */
export function configuredCatalogue(
  catalogue: Catalogue,
  config: Config,
  logger: Logger,
): Catalogue {
  const load: Catalogue["load"] = async () => {
    const state = await catalogue.load();
    const topics = state.topics.map((row) => {
      const { name, chosen, settings: { partitions } } = row;
      const wanted = config.topics[name]?.partitions ?? partitions;
      if (wanted > partitions) {
        logger.warn("partitions_not_changed", { topic: name, partitions, configured: wanted });
      }
      return { ...row, settings: { ...topicSettingsOf(config, name), ...chosen, partitions } };
    });
    return { ...state, topics };
  };
  return new Proxy(catalogue, {
    get(target, property) {
      if (property === "load") return load;
      const member = target[property as keyof Catalogue];
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
