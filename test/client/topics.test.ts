import { describe, expect, it } from "vitest";
import { openClientWorld, problem } from "../support/client_world.ts";

describe("Topics", () => {
  it("tells what there is", async () => {
    const { client } = await openClientWorld();
    await client.produce("logs", ["a", "b"]);
    const [topic] = await client.topics.list();
    expect(topic).toEqual(await client.topics.get("logs"));
    expect(topic).toMatchObject({
      topic: "logs",
      topicId: expect.stringMatching(/^[0-9a-f]{32}$/),
      partitions: [{ partition: 0, logStartOffset: 0, highWatermark: 2, gaps: [] }],
      settings: { compression_type: "lz4" },
    });
    await expect(client.topics.get("none")).rejects.toMatchObject({ code: "unknown_topic" });
  });

  it("gives records up", async () => {
    const { client } = await openClientWorld();
    for (const text of ["a", "b"]) await client.produce("logs", text);
    expect(await client.topics.deleteRecords("logs", { partition: 0, before: 1 }))
      .toMatchObject({ records: 1 });
    expect((await client.topics.get("logs")).partitions[0]!.logStartOffset).toBe(1);
  });

  it("asks for a topic, a change and an end of it, as the API has it", async () => {
    const asked: [string, string, unknown][] = [];
    const { client } = await openClientWorld({
      client: {
        fetch: (url, init) => {
          const { pathname, search } = new URL(url);
          asked.push([init.method!, pathname + search, init.body]);
          const topic = { topic: "orders", topic_id: "0a", partitions: [], settings: {} };
          return Promise.resolve(Response.json(topic));
        },
      },
    });
    const settings = { retention_ms: 1_000 };
    expect(await client.topics.create("orders", { partitions: 4, settings })).toMatchObject({
      topic: "orders",
      topicId: "0a",
    });
    await client.topics.change("orders", { settings: { retention_ms: null } });
    await client.topics.delete("orders", { ifDelivered: true });
    expect(asked).toEqual([
      ["POST", "/v1/topics", JSON.stringify({ topic: "orders", partitions: 4, settings })],
      ["PATCH", "/v1/topics/orders", '{"settings":{"retention_ms":null}}'],
      ["DELETE", "/v1/topics/orders?if_delivered=true", undefined],
    ]);
  });

  it("does not make or delete a topic twice: the second try would be told a tale", async () => {
    const { client, faults, requests } = await openClientWorld();
    faults.push(problem(503, "overloaded", { retriable: true }), "after");
    await expect(client.topics.create("orders")).rejects.toMatchObject({ code: "overloaded" });
    await expect(client.topics.delete("orders")).rejects.toMatchObject({ code: "unreachable" });
    expect(requests).toHaveLength(2);
  });
});
