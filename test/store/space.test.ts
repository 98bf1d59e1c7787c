import { describe, expect, it } from "vitest";
import { SimulatedDisk } from "../support/simulated_disk.ts";
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

  it("drops the oldest where quiet topics hold all of the disk in their active segments", async () => {
    const { store, world } = await openStore({ settings: { diskBudgetBytes: 2 * MIB } });
    for (let number = 0; number < 40; number++) {
      const topic = await store.createTopic(`t${number}`, { compressionType: "none" });
      const [log] = topic.partitions;
      do {
        world.clock.advance(20);
        await append(store, log!, ["x".repeat(40_000)]);
      } while (log!.bytes + 41_000 < log!.settings.segmentBytes);
    }
    expect(store.bytes).toBeLessThan(2 * MIB);
    const first = store.topic("t0")!.partitions[0]!;
    expect(first.logStartOffset).toBe(first.highWatermark);
    expect(store.topic("t39")!.partitions[0]!.logStartOffset).toBe(0);
  });

  it("retains by time what a quiet topic's active segment holds", async () => {
    const { store, world } = await openStore();
    const { partitions: [log] } = await store.createTopic("logs", { retentionMs: 60_000 });
    await append(store, log!, ["old"]);
    world.clock.advance(60_000);
    await store.retain();
    expect(log!.logStartOffset).toBe(0);
    world.clock.advance(1);
    await store.retain();
    await append(store, log!, ["new"]);
    for (let times = 0; times < 2; times++) await store.checkpoint();
    await store.retain();
    expect(log!.logStartOffset).toBe(1);
    expect(log!.highWatermark).toBe(2);
  });

  it("does not give up everything while the file system is slow to tell what that made free", async () => {
    const disk = new SimulatedDisk();
    const { store, world } = await openStore({ disk });
    const { partitions: [log] } = await store.createTopic("logs", {
      compressionType: "none",
      segmentBytes: 64 * 1024,
    });
    for (let at = 0; at < 100; at++) await append(store, log!, ["x".repeat(30_000)]);
    await store.checkpoint();
    await store.checkpoint();
    const room = 100_000;
    disk.freeBytes = () => room;
    world.clock.advance(20);
    await append(store, log!, ["makes the keeper look"]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(log!.logStartOffset).toBeGreaterThan(0);
    expect(log!.logStartOffset).toBeLessThan(50);
  });
});
