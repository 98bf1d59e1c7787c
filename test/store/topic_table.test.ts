import { describe, expect, it } from "vitest";
import { TOPICS_MAX } from "../../src/base/limits.ts";
import { MemoryCatalogue } from "../support/memory_catalogue.ts";
import { openStore } from "../support/stores.ts";

describe("TopicTable.create()", () => {
  it("keeps within the topics a node may have, however many ask at once", async () => {
    const { store } = await openStore();
    const created = await Promise.allSettled(
      Array.from({ length: TOPICS_MAX + 5 }, (_, at) => store.createTopic(`t${at}`)),
    );
    const refused = created.filter(({ status }) => status === "rejected");
    expect(store.topics().length).toBeLessThanOrEqual(TOPICS_MAX);
    expect(refused.length).toBeGreaterThanOrEqual(5);
    expect(refused[0]).toMatchObject({ reason: { code: "too_many_topics" } });
  });

  it("gives handles back when the catalogue refuses, for when it does not", async () => {
    const catalogue = new MemoryCatalogue();
    const { store } = await openStore({ catalogue });
    catalogue.failing = "storage_failed";
    await expect(store.createTopic("logs")).rejects.toMatchObject({ code: "storage_failed" });
    catalogue.failing = null;
    const topic = await store.createTopic("logs");
    expect(topic.partitions[0]!.handle).toBe(0);
  });
});

describe("TopicTable.byHandle()", () => {
  it("finds each partition, and no other", async () => {
    const { store } = await openStore();
    await Promise.all(["a", "b"].map((name) => store.createTopic(name, { partitions: 3 })));
    for (const { partitions } of store.topics()) {
      for (const log of partitions) expect(store.byHandle(log.handle)).toBe(log);
    }
    expect(() => store.byHandle(6)).toThrow(expect.objectContaining({ code: "unknown_partition" }));
  });
});
