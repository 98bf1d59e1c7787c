import { expect, it } from "vitest";
import { storeTopics } from "../../src/groups/group_topics.ts";
import { openStore } from "../support/stores.ts";

it("storeTopics() shows the store's topics, and which are out of reach", async () => {
  const { store } = await openStore();
  const { id } = await store.createTopic("t", { partitions: 2 });
  const topics = storeTopics(store);
  expect(topics.topic("t")?.id).toBe(id);
  expect(topics.topic("t")?.partitions.map(({ highWatermark }) => highWatermark)).toEqual([0, 0]);
  expect(topics.topic("gone")).toBeUndefined();
  expect(topics.isOutOfReach("t")).toBe(false);
  await store.close();
});
