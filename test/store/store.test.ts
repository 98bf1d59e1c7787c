/** The store as a whole: opened, appended to, closed, crashed, damaged, opened again. */
import { describe, expect, it } from "vitest";
import { MemoryCatalogue } from "../support/memory_catalogue.ts";
import { readAll } from "../support/log_harness.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";
import { append, openStore, seededRandom } from "../support/stores.ts";

describe("Store.open()", () => {
  it("makes a directory, and finds topics and records in it again", async () => {
    const { store, world } = await openStore();
    const topic = await store.createTopic("logs", { partitions: 2 });
    await append(store, topic.partitions[1]!, ["a", "b"]);
    await store.close();

    const { store: again } = await openStore(world);
    expect(again.nodeId).toBe(store.nodeId);
    expect(again.leaderEpoch).toBeGreaterThan(store.leaderEpoch);
    const log = again.topic("logs")!.partitions[1]!;
    expect(log.highWatermark).toBe(2);
    expect((await readAll(again.core, log)).values).toEqual(["a", "b"]);
    expect(again.topic("logs")!.id).toBe(topic.id);
    await again.close();
  });

  it("finds records that no checkpoint knew of when the process was killed", async () => {
    const { store, world } = await openStore();
    const topic = await store.createTopic("logs");
    await append(store, topic.partitions[0]!, ["a"]);
    const { store: again } = await openStore(world);
    expect((await readAll(again.core, again.topic("logs")!.partitions[0]!)).values).toEqual(["a"]);
  });

  it("starts though a file below the log start cannot be removed", async () => {
    const { store, world } = await openStore();
    const topic = await store.createTopic("logs", { segmentBytes: 64 * 1024 });
    const [log] = topic.partitions;
    for (const value of ["a", "b"]) {
      await append(store, log!, [value]);
      await log!.roll();
    }
    log!.setLogStart(1);
    await store.close();
    const remove = world.disk.remove.bind(world.disk);
    world.disk.remove = (path) => {
      if (path.endsWith(".log")) throw new Error("not permitted");
      remove(path);
    };
    const warnings: string[] = [];
    const logger = { ...world.logger, warn: (event: string) => void warnings.push(event) };
    const { store: again } = await openStore({ ...world, logger });
    expect(warnings).toContain("segment_remove_failed");
    const reopened = again.topic("logs")!.partitions[0]!;
    expect((await readAll(again.core, reopened)).values).toEqual(["b"]);
    await again.close();
  });

  it("forgets what was acknowledged of logs it forgot itself, once it is gone here", async () => {
    const { store, world } = await openStore({ hasUpstream: true });
    const topic = await store.createTopic("logs");
    const [log] = topic.partitions;
    await append(store, log!, ["a", "b", "c"]);
    await log!.roll();
    const [own] = store.logs.chain("logs", 0);
    const [gone, waiting] = ["a".repeat(16), "b".repeat(16)];
    store.forwarded.set("logs", 0, { held: 3, settled: 2 });
    store.forwarded.setLog("logs", 0, own!.logId, { held: 1, settled: 1 });
    store.forwarded.setLog("logs", 0, gone, { held: 2, settled: 2 });
    store.forwarded.setLog("logs", 0, waiting, { held: 3, settled: 2 });
    log!.setLogStart(2);
    await store.close();
    const { store: again } = await openStore({ ...world, random: seededRandom(2) });
    expect([own!.logId, gone, waiting].map((id) => again.forwarded.ofLog(id)?.held ?? null))
      .toEqual([1, null, 3]);
    await again.close();
  });

  it("draws a new log id in every run, chained to the one before", async () => {
    const { store, world } = await openStore();
    const topic = await store.createTopic("logs");
    await append(store, topic.partitions[0]!, ["a", "b"]);
    await store.close();
    const { store: again } = await openStore({ ...world, random: seededRandom(2) });
    await append(again, again.topic("logs")!.partitions[0]!, ["c"]);
    const [first, second] = again.logs.chain("logs", 0);
    expect(second).toMatchObject({
      predecessor: first!.logId,
      predecessorEnd: 2,
      firstOffset: 2,
      root: first!.logId,
    });
    expect(again.logs.endOf(first!, 3)).toBe(2);
    expect(again.logs.endOf(second!, 3)).toBe(3);
  });

  it("adopts topics and log ids that a catalogue restored from an older copy does not know", async () => {
    const { store, world } = await openStore();
    const topic = await store.createTopic("logs", { partitions: 3 });
    await append(store, topic.partitions[2]!, ["a"]);
    const [own] = store.logs.chain("logs", 2);
    const { store: again } = await openStore({ ...world, catalogue: new MemoryCatalogue() });
    expect(again.topic("logs")!.partitions.length).toBe(3);
    expect(again.logs.chain("logs", 2)).toEqual([own]);

    // What lies below the recovery point is not read: there the checkpoint knows.
    await again.checkpoint();
    await again.checkpoint();
    const { store: third } = await openStore({ ...world, catalogue: new MemoryCatalogue() });
    expect(third.logs.chain("logs", 2)).toEqual([own]);
  });
});

describe("Store.createTopic()", () => {
  it("is shared by those who ask at the same time, and leaves an existing topic as it is", async () => {
    const { store } = await openStore();
    const [one, two] = await Promise.all([
      store.createTopic("logs", { partitions: 2 }),
      store.createTopic("logs", { partitions: 5 }),
    ]);
    expect(one).toBe(two);
    expect(await store.createTopic("logs", { partitions: 5 })).toBe(one);
    expect(one.partitions.length).toBe(2);
    expect(store.byHandle(one.partitions[1]!.handle)).toBe(one.partitions[1]);
  });

  it("refuses names and settings outside the rules, and more partitions than a node may have", async () => {
    const { store } = await openStore({ disk: new SimulatedDisk() });
    for (const name of ["", ".", "..", "a/b", "ü", "x".repeat(250)]) {
      await expect(store.createTopic(name)).rejects.toMatchObject({ code: "invalid_topic" });
    }
    await expect(store.createTopic("t", { partitions: 0 })).rejects.toMatchObject({
      code: "invalid_argument",
    });
    await store.createTopic("large", { partitions: 1_999 });
    await expect(store.createTopic("t", { partitions: 2 })).rejects.toMatchObject({
      code: "too_many_partitions",
    });
    await store.createTopic("last");
  });
});
