/** Priorities that operators set: in force at once, and after a restart. */
import { describe, expect, it } from "vitest";
import { SILENT_LOGGER } from "../src/base/log.ts";
import { TOPIC_DEFAULTS } from "../src/store/settings.ts";
import { TopicPriorities } from "../src/topic_priorities.ts";
import { MemoryCatalogue } from "./support/memory_catalogue.ts";
import { openStore } from "./support/stores.ts";

class Meta {
  readonly values = new Map<string, string>();
  getMeta = (key: string) => Promise.resolve(this.values.get(key) ?? null);
  setMeta = (key: string, value: string) => Promise.resolve(void this.values.set(key, value));
}

async function open(meta = new Meta(), catalogue = new MemoryCatalogue()) {
  const settingsOf = () => ({ ...TOPIC_DEFAULTS, priority: 4 });
  const { store } = await openStore({ catalogue, settings: { settingsOf } });
  await store.createTopic("logs");
  await store.createTopic("alarms");
  const priorities = await TopicPriorities.open({ store, catalogue: meta, logger: SILENT_LOGGER });
  const priorityOf = (topic: string) => store.topic(topic)!.settings.priority;
  return { store, catalogue, meta, priorities, priorityOf };
}

describe("TopicPriorities", () => {
  it("takes effect at once, where lanes and eviction look", async () => {
    const { store, priorities, priorityOf } = await open();
    const [log] = store.topic("alarms")!.partitions;
    expect(await priorities.put("alarms", 9)).toBe(9);
    expect(priorityOf("alarms")).toBe(9);
    expect(log!.settings.priority).toBe(9);
    expect(priorityOf("logs")).toBe(4);
  });

  it("is remembered, until it is given back", async () => {
    const { priorities, meta, catalogue } = await open();
    await Promise.all([priorities.put("alarms", 9), priorities.put("logs", 1)]);
    const again = await open(meta, catalogue);
    expect(again.priorityOf("alarms")).toBe(9);
    expect(await again.priorities.put("alarms", null)).toBe(4);
    expect(again.priorityOf("alarms")).toBe(4);
    const third = await open(meta, catalogue);
    expect(third.priorityOf("alarms")).toBe(4);
    expect(third.priorityOf("logs")).toBe(1);
  });

  it.each([0, 10, 1.5, "9", true, {}])("refuses %j", async (priority) => {
    const { priorities } = await open();
    await expect(priorities.put("logs", priority)).rejects.toMatchObject({
      code: "invalid_argument",
    });
  });

  it("knows only topics that are there", async () => {
    const { priorities } = await open();
    await expect(priorities.put("none", 3)).rejects.toMatchObject({ code: "unknown_topic" });
  });
});

describe("TopicPriorities.open()", () => {
  it("takes over what an older logboom kept, once", async () => {
    const meta = new Meta();
    meta.values.set("topic_priorities", '{"gone": 3, "logs": 2, "alarms": 70}');
    const { catalogue, priorities, priorityOf } = await open(meta);
    expect(priorityOf("logs")).toBe(2);
    expect(priorityOf("alarms")).toBe(4);
    await priorities.put("logs", null);
    expect((await open(meta, catalogue)).priorityOf("logs")).toBe(4);
  });

  it("starts with what is configured where that makes no sense", async () => {
    for (const text of ["{", '{"logs": 70}', "null"]) {
      const meta = new Meta();
      meta.values.set("topic_priorities", text);
      expect((await open(meta)).priorityOf("logs")).toBe(4);
    }
  });
});
