import { describe, expect, it } from "vitest";
import {
  restOffsets,
  restPartition,
  restPartitions,
  restTopic,
  restTopics,
} from "../../../../src/egress/http/rest/topics.ts";
import { append, openStore } from "../../../support/stores.ts";

describe("topics of the REST proxy", () => {
  it("are described as the proxy does it", async () => {
    const { store } = await openStore({ settings: { defaultPartitions: 2 } });
    const topic = await store.createTopic("t");
    await store.createTopic("a");
    await append(store, topic.partitions[1]!, ["x", "y"]);
    const partition = (index: number) => ({
      partition: index,
      leader: 0,
      replicas: [{ broker: 0, leader: true, in_sync: true }],
    });
    expect(restTopics(store)).toEqual(["a", "t"]);
    expect(restTopic(store, "t")).toMatchObject({
      name: "t",
      configs: { "retention.ms": "604800000" },
      partitions: [partition(0), partition(1)],
    });
    expect(restPartitions(store, "t")).toEqual([partition(0), partition(1)]);
    expect(restPartition(store, { topic: "t", partition: "1" })).toEqual(partition(1));
    expect(restOffsets(store, { topic: "t", partition: "1" }))
      .toEqual({ beginning_offset: 0, end_offset: 2 });
  });

  it("are not found where they are not", async () => {
    const { store } = await openStore();
    await store.createTopic("t");
    expect(() => restTopic(store, "none")).toThrow(/Cannot find topic/);
    for (const partition of ["1", "x", "-1", "00000"]) {
      expect(() => restOffsets(store, { topic: "t", partition }))
        .toThrow(expect.objectContaining({ detail: { error_code: 40402 } }));
    }
  });
});
