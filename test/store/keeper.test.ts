/** Space, on a whole store: budgets, full disks, evictions and what they leave in the ledger. */
import { describe, expect, it } from "vitest";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import type { Store } from "../../src/store/store.ts";
import { readAll } from "../support/log_harness.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";
import { append, openStore, seededRandom } from "../support/stores.ts";

const VALUE = "x".repeat(1_000);
const MIB = 1024 * 1024;

/** Appends `count` batches of ten records, of about 10 kB each. */
async function fill(store: Store, count: number, name = "logs"): Promise<void> {
  const log = store.topic(name)!.partitions[0]!;
  for (let at = 0; at < count; at++) await append(store, log, Array(10).fill(VALUE));
}

const settings = { compressionType: "none", segmentBytes: 64 * 1024 } as const;

/** Lets evictions under way come to their end. */
const quiet = () => new Promise((resolve) => setTimeout(resolve, 20));

/** Per log: accepted is what was delivered, is pending or ledgered. */
function balance(store: Store, name = "logs") {
  const log = store.topic(name)!.partitions[0]!;
  const { held } = store.forwarded.of(name, 0);
  const ledgered = store.logs.chain(name, 0)
    .flatMap(({ logId }) => store.ledger.standing(logId))
    .reduce((sum, { count }) => sum + count, 0);
  const pending = log.highWatermark - Math.max(held, log.logStartOffset);
  return { accepted: log.highWatermark, delivered: held, pending, ledgered };
}

describe("a disk budget", () => {
  it("drops the oldest, ledgers every record that was not delivered, and goes on", async () => {
    const { store, world } = await openStore({
      hasUpstream: true,
      settings: { diskBudgetBytes: 2 * MIB },
    });
    await store.createTopic("logs", settings);
    await fill(store, 50);
    store.forwarded.set("logs", 0, { held: 100, settled: 100 });
    await fill(store, 500);
    await quiet();
    const log = store.topic("logs")!.partitions[0]!;
    expect(store.bytes).toBeLessThan(2 * MIB);
    expect(log.logStartOffset).toBeGreaterThan(2_000);
    const { accepted, delivered, pending, ledgered } = balance(store);
    expect(accepted).toBe(5_500);
    expect(delivered + pending + ledgered).toBe(accepted);
    const entries = [...store.ledger.entries()];
    expect(entries[0]).toMatchObject({ from: 100, reason: "evicted", state: "provisional" });
    expect(entries.reduce((sum, { bytes }) => sum + bytes, 0)).toBeGreaterThan(1_000 * ledgered);

    // The same after a kill: files below the log start go for good, the ledger stands.
    const { store: again } = await openStore(world);
    expect(again.topic("logs")!.partitions[0]!.logStartOffset).toBe(log.logStartOffset);
    expect(balance(again)).toEqual({ accepted, delivered, pending, ledgered });
    await fill(again, 100);
    await quiet();
    const after = balance(again);
    expect(after.delivered + after.pending + after.ledgered).toBe(after.accepted);

    // What was moved since is as durable as what was moved before.
    const { logStartOffset } = again.topic("logs")!.partitions[0]!;
    expect(logStartOffset).toBeGreaterThan(log.logStartOffset);
    const { store: third } = await openStore(world);
    expect(third.topic("logs")!.partitions[0]!.logStartOffset).toBe(logStartOffset);
  });

  it("gives up what was delivered before anything that was not", async () => {
    const { store } = await openStore({
      hasUpstream: true,
      settings: { diskBudgetBytes: 2 * MIB },
    });
    await store.createTopic("logs", settings);
    await store.createTopic("kept", { ...settings, diskPolicy: "reject" });
    await fill(store, 30, "kept");
    for (let round = 0; round < 50; round++) {
      await fill(store, 10);
      const { highWatermark } = store.topic("logs")!.partitions[0]!;
      store.forwarded.set("logs", 0, { held: highWatermark, settled: highWatermark });
    }
    expect(store.ledger.size).toBe(0);
    expect(store.topic("kept")!.partitions[0]!.logStartOffset).toBe(0);
    expect(store.topic("logs")!.partitions[0]!.logStartOffset).toBeGreaterThan(3_000);
  });

  it("refuses appends to a topic that rejects, early and in the commit, and loses nothing", async () => {
    const { store, world } = await openStore({
      hasUpstream: true,
      settings: { diskBudgetBytes: 2 * MIB },
    });
    const topic = await store.createTopic("logs", { ...settings, diskPolicy: "reject" });
    await expect(fill(store, 500)).rejects.toMatchObject({ code: "storage_full" });
    const log = topic.partitions[0]!;
    expect(log.logStartOffset).toBe(0);
    world.clock.advance(20);
    expect(() => store.checkRoom(topic)).toThrow(expect.objectContaining({ code: "storage_full" }));
    // What another node made durable first needs room as well.
    const { batches: [batch] } = await log.read(0, { maxBytes: 1 });
    const refused = await new Promise((resolve) => {
      log.appendReplicated(batch!.slice(), { committed: (_log, error) => resolve(error?.code) });
    });
    expect(refused).toBe("storage_full");
    expect((await readAll(store.core, log)).values.length).toBe(log.highWatermark);

    // Once it is delivered there is room again.
    store.forwarded.set("logs", 0, { held: log.highWatermark, settled: log.highWatermark });
    world.clock.advance(2_000);
    await fill(store, 1).catch(() => {});
    await quiet();
    world.clock.advance(20);
    store.checkRoom(topic);
    await fill(store, 10);
    expect(store.ledger.size).toBe(0);
  });
});

describe("priorities", () => {
  it("the lowest goes first, but keeps its floor against a flood, and a log line says so", async () => {
    const events: string[] = [];
    const warn = (event: string) => void events.push(event);
    const { store } = await openStore({
      hasUpstream: true,
      settings: { diskBudgetBytes: 4 * MIB },
      logger: { ...SILENT_LOGGER, warn },
    });
    await store.createTopic("chatter", { ...settings, priority: 1 });
    await store.createTopic("alarms", { ...settings, priority: 9 });
    await fill(store, 100, "chatter");
    await fill(store, 250, "alarms");
    const [chatter, alarms] = ["chatter", "alarms"].map((name) =>
      store.topic(name)!.partitions[0]!
    );
    await quiet();
    expect(chatter!.logStartOffset).toBeGreaterThan(0);
    expect(alarms!.logStartOffset, "while the other has anything to give").toBe(0);
    expect(events).not.toContain("eviction_spares_lower_priorities");
    await fill(store, 600, "alarms");
    await quiet();
    expect(alarms!.logStartOffset).toBeGreaterThan(1_000);
    expect(chatter!.bytes).toBeGreaterThan(100_000);
    expect(events).toContain("eviction_spares_lower_priorities");
  });
});

describe("the ledger of a disk that is full for long", () => {
  it("joins what neighbours, so that losses do not take the disk, and still closes", async () => {
    const { store, world } = await openStore({
      hasUpstream: true,
      settings: { diskBudgetBytes: 2 * MIB },
    });
    await store.createTopic("logs", settings);
    await fill(store, 2_000);
    await quiet();
    expect(store.ledger.size).toBeLessThan(220);
    const bytes = [...store.ledger.entries()].reduce((sum, entry) => sum + entry.bytes, 0);
    const { accepted, delivered, pending, ledgered } = balance(store);
    expect(delivered + pending + ledgered).toBe(accepted);
    expect(Math.abs(bytes / ledgered - 1_010)).toBeLessThan(20);
    const { store: again } = await openStore(world);
    expect(balance(again)).toEqual({ accepted, delivered, pending, ledgered });
  });
});

describe("a disk that is full and stays so", () => {
  it("is written to no more, and is looked at again until there is room", async () => {
    const disk = new SimulatedDisk();
    const { store, world } = await openStore({
      disk,
      hasUpstream: true,
      settings: { diskBudgetBytes: 2 * MIB },
    });
    await store.createTopic("logs", { ...settings, diskPolicy: "reject" });
    await expect(fill(store, 500)).rejects.toMatchObject({ code: "storage_full" });
    for (let second = 0; second < 40; second++) {
      world.clock.advance(1_000);
      await quiet();
    }
    const { steps } = disk;
    for (let second = 0; second < 20; second++) {
      world.clock.advance(1_000);
      await quiet();
    }
    expect(disk.steps - steps, "what is written while nothing can be done").toBe(0);
    expect(store.space.full).toBe(true);

    // Nobody asks for room, but what was delivered makes it.
    const { highWatermark } = store.topic("logs")!.partitions[0]!;
    store.forwarded.set("logs", 0, { held: highWatermark, settled: highWatermark });
    for (let second = 0; second < 3; second++) {
      world.clock.advance(1_000);
      await quiet();
    }
    expect(store.roomBytes).toBeGreaterThan(0);
    expect(store.space.full).toBe(false);
    await fill(store, 10);
  });

  it("costs a few hundred bytes an eviction while data goes through it", async () => {
    const disk = new SimulatedDisk();
    const { store } = await openStore({
      disk,
      hasUpstream: true,
      settings: { diskBudgetBytes: 2 * MIB, checkpointBytes: MIB },
    });
    await store.createTopic("logs", settings);
    await fill(store, 300);
    const [entries, steps] = [store.ledger.size, disk.steps];
    await fill(store, 300);
    await quiet();
    const evictions = store.ledger.size - entries;
    expect(evictions).toBeGreaterThan(20);
    // Of each: a frame and its sync, removed files, a new segment; and a share of the checkpoints.
    expect((disk.steps - steps - 2 * 300) / evictions).toBeLessThan(25);
  });
});

describe("a full disk", () => {
  it("at zero bytes free: what is there is read, evicted and ledgered, and records fit again", async () => {
    const disk = new SimulatedDisk();
    const { store, world } = await openStore({ disk, hasUpstream: true });
    await store.createTopic("logs", settings);
    await fill(store, 100);
    await store.checkpoint();
    await store.checkpoint();
    const log = store.topic("logs")!.partitions[0]!;
    disk.capacityBytes = disk.usedBytes();
    world.clock.advance(20);
    await fill(store, 20);
    await quiet();
    expect(disk.freeBytes()).toBeGreaterThanOrEqual(0);
    expect(log.logStartOffset).toBeGreaterThan(0);
    const { accepted, delivered, pending, ledgered } = balance(store);
    expect(delivered + pending + ledgered).toBe(accepted);
    await readAll(store.core, log);
    await store.close();

    // Full to the last byte, and started again.
    disk.capacityBytes = disk.usedBytes();
    const { store: again } = await openStore(world);
    expect(balance(again)).toEqual({ accepted, delivered, pending, ledgered });
    await fill(again, 20);
  });
});

describe("an eviction", () => {
  it("is whole or was never made, wherever power is lost: the account closes", async () => {
    for (let seed = 1; seed <= 2; seed++) {
      const disk = new SimulatedDisk();
      const { store, world } = await openStore({
        disk,
        hasUpstream: true,
        settings: { diskBudgetBytes: 1_000_000, checkpointBytes: 50_000 },
        random: seededRandom(seed),
      });
      await store.createTopic("logs", settings);
      await fill(store, 30);
      let acknowledged = store.topic("logs")!.partitions[0]!.highWatermark;
      const moments: { snapshot: ReturnType<typeof disk.snapshot>; acknowledged: number }[] = [];
      disk.onStep = () => moments.push({ snapshot: disk.snapshot(), acknowledged });
      for (let at = 0; at < 40; at++) {
        await fill(store, 1);
        acknowledged += 10;
      }
      expect(store.ledger.size).toBeGreaterThan(0);
      for (const [at, { snapshot, acknowledged }] of moments.entries()) {
        if (at % 9 !== 0) continue;
        const crashed = SimulatedDisk.crashed(snapshot, seededRandom(100 * seed + at).next);
        const { store: again } = await openStore({ ...world, disk: crashed });
        const { accepted, delivered, pending, ledgered } = balance(again);
        const where = `seed ${seed}, step ${snapshot.step}`;
        expect(accepted, where).toBeGreaterThanOrEqual(acknowledged);
        expect(delivered + pending + ledgered, where).toBe(accepted);
        expect([...again.ledger.entries()].every(({ reason }) => reason === "evicted"), where)
          .toBe(true);
        const { values } = await readAll(again.core, again.topic("logs")!.partitions[0]!);
        expect(values.length, where).toBe(pending);
      }
    }
  });
});

describe("retention", () => {
  it("ages by the node's own running time, and moves log starts durably", async () => {
    const { store, world } = await openStore();
    await store.createTopic("logs", { ...settings, retentionMs: 60_000 });
    await fill(store, 30);
    world.clock.setWall(4_000_000_000_000);
    await store.checkpoint();
    await store.checkpoint();
    await store.retain();
    const log = store.topic("logs")!.partitions[0]!;
    expect(log.logStartOffset).toBe(0);
    world.clock.advance(61_000);
    await store.retain();
    expect(log.logStartOffset).toBeGreaterThan(200);
    expect(store.ledger.size).toBe(0);
    const { store: again } = await openStore(world);
    expect(again.topic("logs")!.partitions[0]!.logStartOffset).toBe(log.logStartOffset);
    expect(again.age.nowMs()).toBeGreaterThanOrEqual(0);
  });

  it("still knows after a kill that what it removed had been delivered", async () => {
    const { store, world } = await openStore({ hasUpstream: true });
    await store.createTopic("logs", { ...settings, retentionBytes: 1 });
    await fill(store, 30);
    await store.checkpoint();
    await store.checkpoint();
    store.forwarded.set("logs", 0, { held: 250, settled: 250 });
    await store.retain();
    expect(store.topic("logs")!.partitions[0]!.logStartOffset).toBeGreaterThan(100);
    const { store: again } = await openStore(world);
    const { accepted, delivered, pending, ledgered } = balance(again);
    expect(delivered).toBe(250);
    expect(delivered + pending + ledgered).toBe(accepted);
  });
});
