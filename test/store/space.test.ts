import { describe, expect, it } from "vitest";
import { append, openStore } from "../support/stores.ts";

const MIB = 1024 * 1024;

describe("Space", () => {
  it("counts books and logs as used, and what is left as room", async () => {
    const { store, world } = await openStore({ settings: { diskBudgetBytes: 10 * MIB } });
    const books = store.bytes;
    expect(books).toBe(store.ledger.bytes + store.origins.bytes);
    const topic = await store.createTopic("logs", { compressionType: "none" });
    await append(store, topic.partitions[0]!, ["x".repeat(100_000)]);
    expect(store.bytes - books).toBeGreaterThan(100_000);
    world.clock.advance(10);
    expect(store.roomBytes).toBe(10 * MIB - store.bytes);
  });

  it("rolls segments before active ones fill the disk, whatever the topic says", async () => {
    const { store } = await openStore({ settings: { diskBudgetBytes: 2 * MIB } });
    const topic = await store.createTopic("logs", { compressionType: "none" });
    const log = topic.partitions[0]!;
    for (let at = 0; at < 12; at++) await append(store, log, ["x".repeat(100_000)]);
    expect(topic.settings.segmentBytes).toBe(64 * MIB);
    expect(log.segments().length).toBeGreaterThan(1);
    expect(Math.max(...log.segments().map(({ bytes }) => bytes))).toBeLessThan(MIB);
  });
});
