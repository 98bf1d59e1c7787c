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
