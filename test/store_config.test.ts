import { describe, expect, it } from "vitest";
import type { Logger } from "../src/base/log.ts";
import { SILENT_LOGGER } from "../src/base/log.ts";
import { type Config, loadConfig } from "../src/config.ts";
import { configuredCatalogue, storeSettingsOf, topicSettingsOf } from "../src/store_config.ts";
import { STORE_DEFAULTS, TOPIC_DEFAULTS } from "../src/store/settings.ts";
import { MemoryCatalogue } from "./support/memory_catalogue.ts";

const load = (yaml: string): Config =>
  loadConfig({
    args: ["--config", "g.yaml"],
    env: {},
    readFile: () => yaml,
    hostName: () => "test",
  });

describe("storeSettingsOf()", () => {
  it("is the store's own defaults where nothing is configured", () => {
    const { settingsOf, ...settings } = storeSettingsOf(load(""));
    expect(settings).toEqual(STORE_DEFAULTS);
    expect(settingsOf!("logs")).toEqual(TOPIC_DEFAULTS);
  });

  it("carries what is configured", () => {
    const yaml = "linger_ms: 20\ndisk_budget_bytes: 1GiB\ndefault_partitions: 3\nretention_ms: -1";
    expect(storeSettingsOf(load(yaml))).toMatchObject({
      lingerMs: 20,
      diskBudgetBytes: 2 ** 30,
      defaultPartitions: 3,
      topicDefaults: { partitions: 3, retentionMs: -1 },
    });
  });
});

describe("topicSettingsOf()", () => {
  const config = load("durability: os\ntopics: { audit: { durability: sync, partitions: 2 } }");

  it("prefers the topic's own over the node's", () => {
    expect(topicSettingsOf(config, "audit"))
      .toEqual({ ...TOPIC_DEFAULTS, durability: "sync", partitions: 2 });
    expect(topicSettingsOf(config, "other")).toEqual({ ...TOPIC_DEFAULTS, durability: "os" });
  });
});

describe("configuredCatalogue()", () => {
  it("gives topics the settings of now, and the partitions they were made with", async () => {
    const catalogue = new MemoryCatalogue();
    const id = "0".repeat(32);
    const audit = { id, name: "audit", settings: { ...TOPIC_DEFAULTS, partitions: 2 } };
    await catalogue.putTopic(audit);
    const warnings: unknown[] = [];
    const logger: Logger = { ...SILENT_LOGGER, warn: (...args) => warnings.push(args) };
    const config = load("retention_bytes: 5MiB\ntopics: { audit: { partitions: 8 } }");
    const { topics } = await configuredCatalogue(catalogue, config, logger).load();
    expect(topics[0]!.settings).toMatchObject({ retentionBytes: 5 * 2 ** 20, partitions: 2 });
    expect(warnings).toEqual([
      ["partitions_not_changed", { topic: "audit", partitions: 2, configured: 8 }],
    ]);
  });

  it("puts what was chosen for a topic before all else", async () => {
    const catalogue = new MemoryCatalogue();
    const settings = { ...TOPIC_DEFAULTS, partitions: 2 };
    const chosen = { priority: 8, retentionMs: -1 };
    await catalogue.putTopic({ id: "0".repeat(32), name: "audit", settings, chosen });
    const config = load("priority: 2\nsegment_bytes: 5MiB\ntopics: { audit: { priority: 3 } }");
    const { topics } = await configuredCatalogue(catalogue, config, SILENT_LOGGER).load();
    expect(topics[0]).toMatchObject({ chosen, settings: { ...chosen, segmentBytes: 5 * 2 ** 20 } });
  });
});
