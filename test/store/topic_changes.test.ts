/** Topics made, changed and deleted while the store runs; crashes are in test/sim/topic_crash.test.ts. */
import { describe, expect, it } from "vitest";
import { TOPIC_DEFAULTS } from "../../src/store/settings.ts";
import type { PartitionLog } from "../../src/store/partition_log.ts";
import type { Store } from "../../src/store/store.ts";
import { MemoryCatalogue } from "../support/memory_catalogue.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";
import { append, openStore, type StoreWorld } from "../support/stores.ts";

async function valuesOf(store: Store, log: PartitionLog): Promise<string[]> {
  const values: string[] = [];
  for (let at = log.logStartOffset; at < log.highWatermark;) {
    const page = await log.read(at, { maxBytes: 1e6 });
    for (const batch of page.batches) {
      for (const { value } of store.core.decode(batch)) {
        values.push(new TextDecoder().decode(value!));
      }
    }
    at = page.nextOffset;
  }
  return values;
}

function reopen({ disk, catalogue, settings, hasUpstream }: StoreWorld) {
  return openStore({ disk, catalogue, settings, hasUpstream });
}

const refused = (code: string) => expect.objectContaining({ code });

describe("TopicChanges.create()", () => {
  it("makes a topic with what was chosen, which a restart keeps", async () => {
    const { store, world } = await openStore();
    const settings = { retentionMs: 1_000, priority: 8, durability: null } as const;
    const topic = await store.changes.create("logs", { partitions: 3, settings });
    expect(topic.chosen).toEqual({ retentionMs: 1_000, priority: 8 });
    expect(topic.settings)
      .toEqual({ ...TOPIC_DEFAULTS, partitions: 3, retentionMs: 1_000, priority: 8 });
    await store.close();
    const again = (await reopen(world)).store.topic("logs")!;
    expect([again.id, again.settings, again.chosen])
      .toEqual([topic.id, topic.settings, topic.chosen]);
  });

  it("refuses one that is there, or comes", async () => {
    const { store } = await openStore();
    await store.createTopic("logs");
    await expect(store.changes.create("logs")).rejects.toThrow(refused("topic_exists"));
    const made = await Promise.allSettled([store.changes.create("a"), store.changes.create("a")]);
    expect(made.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    const coming = store.createTopic("b");
    await expect(store.changes.create("b")).rejects.toThrow(refused("topic_exists"));
    await coming;
  });

  it.each([
    [{ partitions: 0 }, "invalid_argument"],
    [{ partitions: 2_001 }, "invalid_argument"],
    [{ settings: { priority: 10 } }, "invalid_argument"],
    [{ settings: { segmentBytes: -5 } }, "invalid_argument"],
  ])("refuses %j", async (form, code) => {
    const { store } = await openStore();
    await expect(store.changes.create("logs", form)).rejects.toThrow(refused(code));
    expect(store.topics()).toEqual([]);
    await expect(store.changes.create("a/b")).rejects.toThrow(refused("invalid_topic"));
  });
});

describe("TopicChanges.change()", () => {
  it("is in force at once, in all partitions, and after a restart", async () => {
    const { store, world } = await openStore();
    await store.createTopic("logs", { partitions: 2 });
    const settings = { retentionBytes: 4_000, segmentBytes: 500, compressionType: "none" } as const;
    const topic = await store.changes.change("logs", { settings });
    expect(topic.settings).toMatchObject(settings);
    expect(topic.partitions.map((log) => log.settings.segmentBytes)).toEqual([500, 500]);
    const [log] = topic.partitions;
    for (let at = 0; at < 20; at++) await append(store, log!, ["x".repeat(400)]);
    expect(log!.segments().length).toBe(20);
    await store.checkpoint();
    await store.checkpoint();
    await store.retain();
    expect(log!.bytes).toBeLessThanOrEqual(4_000);
    expect(log!.logStartOffset).toBeGreaterThan(10);
    await store.close();
    const again = (await reopen(world)).store.topic("logs")!;
    expect(again.settings).toMatchObject(settings);
    expect(again.chosen).toEqual(settings);
  });

  it("gives a setting back to what is configured", async () => {
    const settingsOf = () => ({ ...TOPIC_DEFAULTS, priority: 3 });
    const { store } = await openStore({ settings: { settingsOf } });
    await store.createTopic("logs");
    await store.changes.change("logs", { settings: { priority: 9, retentionMs: -1 } });
    const topic = await store.changes.change("logs", { settings: { priority: null } });
    expect(topic.settings).toMatchObject({ priority: 3, retentionMs: -1 });
    expect(topic.chosen).toEqual({ retentionMs: -1 });
  });

  it("adds partitions, which take records and survive", async () => {
    const { store, world } = await openStore();
    const { id } = await store.createTopic("logs", { partitions: 2 });
    await append(store, store.topic("logs")!.partitions[1]!, ["old"]);
    const topic = await store.changes.change("logs", { partitions: 4 });
    expect(topic.id).toBe(id);
    expect(topic.partitions.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    await append(store, topic.partitions[3]!, ["new"]);
    await store.close();
    const again = (await reopen(world)).store;
    const { partitions } = again.topic("logs")!;
    expect(await valuesOf(again, partitions[1]!)).toEqual(["old"]);
    expect(await valuesOf(again, partitions[3]!)).toEqual(["new"]);
  });

  it("changes nothing where it refuses, or where the catalogue fails", async () => {
    const catalogue = new MemoryCatalogue();
    const { store } = await openStore({ catalogue });
    await store.createTopic("logs", { partitions: 2 });
    const before = store.topic("logs");
    const { changes } = store;
    const code = refused("invalid_argument");
    await expect(changes.change("logs", { partitions: 1 })).rejects.toThrow(code);
    await expect(changes.change("logs", { settings: { priority: 0 } })).rejects.toThrow(code);
    await expect(changes.change("none", {})).rejects.toThrow(refused("unknown_topic"));
    catalogue.failing = "storage_failed";
    const failed = changes.change("logs", { partitions: 3, settings: { priority: 9 } });
    await expect(failed).rejects.toThrow(refused("storage_failed"));
    expect(store.topic("logs")).toBe(before);
    catalogue.failing = null;
    expect((await changes.change("logs", { partitions: 3 })).partitions[2]!.handle).toBe(2);
  });

  it("tells who follows topics", async () => {
    const { store } = await openStore();
    const heard: string[] = [];
    const stop = store.observeTopics((name, change) => heard.push(`${name} ${change}`));
    await store.changes.create("logs");
    await store.changes.change("logs", { partitions: 2 });
    await store.changes.delete("logs");
    stop();
    await store.createTopic("logs");
    expect(heard).toEqual(["logs came", "logs changed", "logs went"]);
  });
});

describe("TopicChanges.delete()", () => {
  it("leaves nothing of a topic, but for what was not delivered in the ledger", async () => {
    const { store, world } = await openStore({ hasUpstream: true });
    const { partitions } = await store.createTopic("logs", { partitions: 2, segmentBytes: 300 });
    for (const log of partitions) {
      for (const text of ["a", "b", "c"]) await append(store, log, [text.repeat(200)]);
    }
    await append(store, (await store.createTopic("logs2")).partitions[0]!, ["stays"]);
    store.forwarded.set("logs", 0, { held: 2, settled: 2 });
    expect(await store.changes.delete("logs")).toMatchObject({ records: 6, ledgered: 4 });
    expect(store.topics().map(({ name }) => name)).toEqual(["logs2"]);
    const { disk } = world;
    expect(disk.list("").filter((name) => name.startsWith("logs"))).toEqual(["logs2-0"]);
    const shown = [...store.ledger.entries()].map(({ topic, partition, from, to, reason }) => [
      ...[topic, partition, from, to, reason],
    ]);
    expect(shown).toEqual([["logs", 0, 2, 3, "wiped"], ["logs", 1, 0, 3, "wiped"]]);
    await store.close();
    const again = (await reopen(world)).store;
    expect(again.topics().map(({ name }) => name)).toEqual(["logs2"]);
    expect([...again.ledger.entries()].length).toBe(2);
    // The upstream has to be asked about both.
    const vacant = again.openLogs().filter(({ topic }) => topic === "logs");
    expect(vacant.map((log) => [log.logStartOffset, log.highWatermark])).toEqual([[3, 3], [3, 3]]);
    await expect(append(again, vacant[0]!, ["x"])).rejects.toThrow(refused("unknown_topic"));
    expect(again.endOf("logs", 1)).toBe(3);
  });

  it("takes nothing away that was not delivered, where that is asked for", async () => {
    const { store } = await openStore({ hasUpstream: true });
    const { partitions: [log] } = await store.createTopic("logs", { retainUntil: "settled" });
    await append(store, log!, ["a", "b"]);
    store.forwarded.set("logs", 0, { held: 2, settled: 1 });
    const refusal = { code: "not_delivered", retriable: true, detail: { records: 1 } };
    await expect(store.changes.delete("logs", { ifDelivered: true }))
      .rejects.toMatchObject(refusal);
    await append(store, log!, ["c"]);
    expect(await valuesOf(store, log!)).toEqual(["a", "b", "c"]);
    store.forwarded.set("logs", 0, { held: 3, settled: 3 });
    expect(await store.changes.delete("logs", { ifDelivered: true }))
      .toMatchObject({ records: 3, ledgered: 0 });
  });

  it("opens nothing of it at a node that is the root", async () => {
    const { store, world } = await openStore();
    await append(store, (await store.createTopic("logs")).partitions[0]!, ["a", "b"]);
    expect(await store.changes.delete("logs")).toMatchObject({ records: 2, ledgered: 0 });
    await store.close();
    const again = (await reopen(world)).store;
    expect(again.openLogs()).toEqual([]);
    expect(again.endOf("logs", 0)).toBe(2);
  });

  it.each([false, true])(
    "lets the topic come again behind it (restart between: %s)",
    async (restart) => {
      const opened = await openStore();
      let { store } = opened;
      const first = await store.changes.create("logs", {
        partitions: 2,
        settings: { priority: 9 },
      });
      await append(store, first.partitions[0]!, ["a", "b"]);
      await append(store, first.partitions[1]!, ["c"]);
      await store.changes.delete("logs");
      await expect(store.changes.delete("logs")).rejects.toThrow(refused("unknown_topic"));
      if (restart) {
        await store.close();
        store = (await reopen(opened.world)).store;
      }
      const second = await store.createTopic("logs");
      expect(second.id).not.toBe(first.id);
      expect(second.settings).toEqual(TOPIC_DEFAULTS);
      const [log] = second.partitions;
      expect([log!.logStartOffset, log!.highWatermark]).toEqual([2, 2]);
      await append(store, log!, ["d"]);
      await store.close();
      const third = (await reopen(opened.world)).store;
      const [kept] = third.topic("logs")!.partitions;
      expect(await valuesOf(third, kept!)).toEqual(["d"]);
      expect(kept!.gaps).toEqual([]);
      expect((await append(third, kept!, ["e"])).ticket.baseOffset).toBe(3);
    },
  );

  it("keeps what was acknowledged meanwhile in its books, and refuses the rest", async () => {
    const { store } = await openStore({ hasUpstream: true });
    const { partitions: [log] } = await store.createTopic("logs");
    const early = append(store, log!, ["early"]);
    await Promise.resolve();
    const deleted = store.changes.delete("logs");
    const late = append(store, log!, ["late"]);
    const [first, second] = await Promise.allSettled([early, late]);
    const { records, ledgered } = await deleted;
    const taken = [first, second].filter(({ status }) => status === "fulfilled").length;
    expect([records, ledgered]).toEqual([taken, taken]);
    expect(store.topic("logs")).toBeUndefined();
    const again = await store.createTopic("logs");
    expect((await append(store, again.partitions[0]!, ["again"])).ticket.baseOffset).toBe(taken);
  });

  it("waits for what is on its way to the disk, and keeps its books of that", async () => {
    const disk = new SimulatedDisk();
    const { store } = await openStore({ disk, hasUpstream: true });
    const { partitions: [log] } = await store.createTopic("logs");
    await append(store, log!, ["a"]);
    const release = disk.holdSyncs();
    const early = append(store, log!, ["b"]);
    await turns();
    let over = false;
    void store.commits.underWay().then(() => over = true);
    const deleted = store.changes.delete("logs");
    await turns();
    const late = append(store, log!, ["c"]);
    await turns();
    expect(over).toBe(false);
    release();
    expect((await early).ticket.baseOffset).toBe(1);
    await expect(late).rejects.toThrow(refused("topic_deleted"));
    expect(await deleted).toMatchObject({ records: 2, ledgered: 2 });
  });

  it("keeps the catalogue of log ids whole", async () => {
    const { store, world } = await openStore();
    const { partitions: [log] } = await store.createTopic("logs");
    const deleted = store.changes.delete("logs");
    await Promise.allSettled([append(store, log!, ["a"]), turns()]);
    await deleted;
    await Promise.allSettled([append(store, log!, ["b"])]);
    const known = new Set((await world.catalogue.load()).ownLogs.map(({ logId }) => logId));
    for (const { logId } of store.logs.all()) expect(known).toContain(logId);
  });

  it("wakes who waits for records", async () => {
    const { store } = await openStore();
    const { partitions: [log] } = await store.createTopic("logs");
    const waiting = log!.waitFor(0, { timeoutMs: 1e9 });
    await store.changes.delete("logs");
    expect(await waiting).toBe(false);
  });

  it("takes nothing away where it cannot be marked", async () => {
    const catalogue = new MemoryCatalogue();
    const { store } = await openStore({ catalogue });
    const { partitions: [log] } = await store.createTopic("logs");
    await append(store, log!, ["a"]);
    catalogue.failing = "storage_failed";
    await expect(store.changes.delete("logs")).rejects.toThrow(refused("storage_failed"));
    expect(await valuesOf(store, log!)).toEqual(["a"]);
    // Whether it was marked nobody knows, so nothing is acknowledged that a restart might drop.
    await expect(append(store, log!, ["b"])).rejects.toThrow(refused("topic_deleted"));
    catalogue.failing = null;
    expect(await store.changes.delete("logs")).toMatchObject({ records: 1 });
  });

  it("goes on with what failed when asked again, or when the topic is to come", async () => {
    for (const ask of ["delete", "create"] as const) {
      const disk = new SimulatedDisk();
      const { store } = await openStore({ disk });
      const { partitions: [log] } = await store.createTopic("logs");
      await append(store, log!, ["a"]);
      const removeDirectory = disk.removeDirectory.bind(disk);
      disk.removeDirectory = () => {
        throw refusedBy("disk");
      };
      await expect(store.changes.delete("logs")).rejects.toThrow("disk");
      expect(store.topic("logs")).toBeUndefined();
      await expect(store.createTopic("logs")).rejects.toThrow("disk");
      disk.removeDirectory = removeDirectory;
      if (ask === "delete") await store.changes.delete("logs");
      const { partitions: [again] } = await store.createTopic("logs");
      expect(again!.logStartOffset).toBe(1);
      expect((await append(store, again!, ["b"])).ticket.baseOffset).toBe(1);
    }
  });
});

async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve));
}

function refusedBy(what: string): Error {
  return new Error(`refused by ${what}`);
}
