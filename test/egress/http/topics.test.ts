import { describe, expect, it } from "vitest";
import { openHttpWorld } from "../../support/http_world.ts";

describe("GET /v1/topics", () => {
  it("lists topics by name", async () => {
    const { get, store } = await openHttpWorld();
    for (const name of ["b", "a", "a.c"]) await store.createTopic(name);
    const { topics } = await (await get("/v1/topics")).json();
    expect(topics.map(({ topic }: { topic: string }) => topic)).toEqual(["a", "a.c", "b"]);
  });
});

describe("GET /v1/topics/{topic}", () => {
  it("describes its partitions and settings", async () => {
    const { get, post, store } = await openHttpWorld();
    const topic = await store.createTopic("t", { partitions: 2, retentionMs: 5_000 });
    await post("/v1/topics/t/records?partition=1", "text/plain", "a\nb");
    const document = await (await get("/v1/topics/t")).json();
    expect(document).toMatchObject({
      topic: "t",
      topic_id: topic.id,
      partitions: [
        { partition: 0, log_start_offset: 0, high_watermark: 0, bytes: 0, gaps: [] },
        { partition: 1, log_start_offset: 0, high_watermark: 2, leader_epoch: store.leaderEpoch },
      ],
      settings: { partitions: 2, retention_ms: 5_000, compression_type: "lz4" },
    });
    expect(document.partitions[1].bytes).toBeGreaterThan(0);
  });

  it("is a 404 for one that is not there", async () => {
    const { get } = await openHttpWorld();
    const response = await get("/v1/topics/none");
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: "unknown_topic", topic: "none" });
  });
});
