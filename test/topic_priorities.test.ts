/** Priorities that operators set: in force at once, and after a restart. */
import { describe, expect, it } from "vitest";
import { SILENT_LOGGER } from "../src/base/log.ts";
import { TopicPriorities } from "../src/topic_priorities.ts";
import { openStore } from "./support/stores.ts";

class Meta {
  readonly values = new Map<string, string>();
  getMeta = (key: string) => Promise.resolve(this.values.get(key) ?? null);
  setMeta = (key: string, value: string) => Promise.resolve(void this.values.set(key, value));
}

async function open(catalogue = new Meta()) {
  const { store } = await openStore();
  await store.createTopic("logs");
  await store.createTopic("alarms");
  const priorities = await TopicPriorities.open({
    ...{ store, catalogue, configured: () => 4, logger: SILENT_LOGGER },
  });
  return { store, catalogue, priorities };
}

describe("TopicPriorities", () => {
  it("takes effect at once, where lanes and eviction look", async () => {
    const { store, priorities } = await open();
    const [log] = store.topic("alarms")!.partitions;
    expect(await priorities.put("alarms", 9)).toBe(9);
    expect(store.topic("alarms")!.settings.priority).toBe(9);
    expect(log!.settings.priority).toBe(9);
    expect(store.topic("logs")!.settings.priority).toBe(5);
  });

  it("is remembered, until it is given back", async () => {
    const { priorities, catalogue } = await open();
    await Promise.all([priorities.put("alarms", 9), priorities.put("logs", 1)]);
    const again = await open(catalogue);
    expect(again.store.topic("alarms")!.settings.priority).toBe(9);
    expect(await again.priorities.put("alarms", null)).toBe(4);
    expect(again.store.topic("alarms")!.settings.priority).toBe(4);
    const third = await open(catalogue);
    expect(third.store.topic("alarms")!.settings.priority).toBe(5);
    expect(third.store.topic("logs")!.settings.priority).toBe(1);
  });

  it.each([0, 10, 1.5, "9", true, {}])("refuses %j", async (priority) => {
    const { priorities } = await open();
    await expect(priorities.put("logs", priority)).rejects.toMatchObject({
      code: "invalid_argument",
    });
  });

  it("knows only topics that are there", async () => {
    const { priorities, catalogue } = await open();
    await expect(priorities.put("none", 3)).rejects.toMatchObject({ code: "unknown_topic" });
    catalogue.values.set("topic_priorities", '{"gone": 3, "logs": 2}');
    expect((await open(catalogue)).store.topic("logs")!.settings.priority).toBe(2);
  });

  it("starts with what is configured where its memory makes no sense", async () => {
    for (const text of ["{", '{"logs": 70}', "null"]) {
      const catalogue = new Meta();
      catalogue.values.set("topic_priorities", text);
      expect((await open(catalogue)).store.topic("logs")!.settings.priority).toBe(5);
    }
  });
});
