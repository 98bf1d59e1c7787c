/**
 * Repeats across a crash. Method: clients do what clients do while the disk is photographed at every
 * step; each photograph becomes a disk that was killed there and several that lost power there. A
 * store is opened on each, the clients come back and repeat what was not acknowledged to them, and
 * every record must be in the log once: no second one, no swallowed one.
 */
import { describe, expect, it } from "vitest";
import type { HttpVerdict } from "../../src/store/http_requests.ts";
import type { Store } from "../../src/store/store.ts";
import { readAll } from "../support/log_harness.ts";
import { MemoryCatalogue } from "../support/memory_catalogue.ts";
import { SimulatedDisk, type Snapshot } from "../support/simulated_disk.ts";
import { append, openStore, seededRandom, type StoreWorld } from "../support/stores.ts";

const PARTITIONS = 2;
type Parts = Extract<HttpVerdict, { kind: "repeat" }>["request"]["parts"];

/** A request of records for both partitions, of which some may be durable already. */
async function send(store: Store, producer: string, sequence: number): Promise<Parts> {
  const body = Array.from({ length: 3 + sequence % 3 }, (_, at) => `${producer}/${sequence}/${at}`);
  const verdict = store.origins.http(producer, sequence, `print ${body.length}`);
  if (verdict.kind === "wait") throw new Error("nobody else sends this");
  const { request } = verdict;
  if (verdict.kind === "repeat") return request.parts;
  request.begin(body.length, null);
  const topic = store.topic("logs")!;
  try {
    const appends = topic.partitions.map((log, partition) => {
      const share = body.filter((_, at) => at % PARTITIONS === partition);
      const missing = share.flatMap((value, at) =>
        request.holds("logs", partition, at) ? [] : [{ value, at }]
      );
      if (missing.length === 0) return Promise.resolve();
      const values = missing.map(({ value }) => value);
      return append(store, log, values, [request.entry(missing[0]!.at)]);
    });
    await Promise.all(appends);
  } finally {
    request.finish();
  }
  return request.parts;
}

async function publish(store: Store, clientId: string, packetId: number, value: string) {
  if (store.origins.isHeld(clientId, packetId)) return;
  const log = store.topic("logs")!.partitions[0]!;
  await append(store, log, [value], [store.origins.entry(clientId, packetId)]);
}

/** What the clients were told by the time of a photograph. */
interface Told {
  readonly catalogue: MemoryCatalogue;
  readonly snapshot: Snapshot;
  readonly topic: boolean;
  readonly requests: { sequence: number; parts: Parts | null }[];
  readonly session: boolean;
  readonly message: number;
  readonly stage: "publish" | "pubrel" | "done";
}

async function photograph(seed: number): Promise<{ world: StoreWorld; moments: Told[] }> {
  const random = seededRandom(seed);
  const disk = new SimulatedDisk();
  const live = new MemoryCatalogue();
  const { store, world } = await openStore({
    disk,
    catalogue: live,
    random,
    settings: { originJournalBytes: 1024, checkpointBytes: 2000 },
  });
  const moments: Told[] = [];
  const requests: { sequence: number; parts: Parts | null }[] = [];
  let [topic, session, message] = [false, false, 0];
  let stage: Told["stage"] = "done";
  disk.onStep = () => {
    const seen = requests.map((request) => ({ ...request }));
    const catalogue = live.crashed(random);
    const told = { catalogue, requests: seen, topic, session, message, stage };
    moments.push({ snapshot: disk.snapshot(), ...told });
  };
  await store.createTopic("logs", { partitions: PARTITIONS });
  topic = true;
  const http = async () => {
    for (let sequence = 1; sequence <= 8; sequence++) {
      const request: { sequence: number; parts: Parts | null } = { sequence, parts: null };
      requests.push(request);
      request.parts = [...await send(store, "p", sequence)];
      if (sequence % 3 === 0) await store.checkpoint();
    }
  };
  const mqtt = async () => {
    await store.origins.openSession("c", { cleanStart: false, lasting: true });
    session = true;
    while (message < 8) {
      message++;
      stage = "publish";
      await publish(store, "c", 1, `message ${message}`);
      stage = "pubrel";
      await store.origins.release("c", 1);
      stage = "done";
    }
  };
  await Promise.all([http(), mqtt()]);
  return { world, moments };
}

async function comeBack(told: Told, world: StoreWorld, disk: SimulatedDisk, where: string) {
  const { store } = await openStore({ ...world, disk, catalogue: told.catalogue });
  if (!told.topic) return;
  const resumed = await store.origins.openSession("c", { cleanStart: false, lasting: true });
  if (told.session) expect(resumed, where).toBe(true);
  if (told.stage === "publish") await publish(store, "c", 1, `message ${told.message}`);
  if (told.stage !== "done") await store.origins.release("c", 1);
  expect(store.origins.isHeld("c", 1), where).toBe(false);
  for (const { sequence, parts } of told.requests) {
    const again = await send(store, "p", sequence);
    if (parts !== null) expect(again, `${where}, sequence ${sequence}`).toEqual(parts);
  }
  // A packet id that was released belongs to another message now.
  await publish(store, "c", 1, "the next message");

  const values: (string | null)[] = [];
  for (const log of store.topic("logs")!.partitions) {
    values.push(...(await readAll(store.core, log)).values);
  }
  const expected = ["the next message"];
  for (let message = 1; message <= told.message; message++) expected.push(`message ${message}`);
  for (const { sequence } of told.requests) {
    for (let at = 0; at < 3 + sequence % 3; at++) expected.push(`p/${sequence}/${at}`);
  }
  expect(values.sort(), where).toEqual(expected.sort());
  await store.close();
}

describe("OriginJournal", () => {
  it("makes every repeat count once, wherever the node was killed or lost power", async () => {
    for (let seed = 1; seed <= 3; seed++) {
      const { world, moments } = await photograph(seed);
      expect(moments.length).toBeGreaterThan(100);
      for (const [at, told] of moments.entries()) {
        if (at % 3 !== seed % 3) continue;
        const where = `seed ${seed}, step ${told.snapshot.step}`;
        const killed = { ...told, catalogue: told.catalogue.crashed(seededRandom(at)) };
        await comeBack(killed, world, SimulatedDisk.killed(told.snapshot), `${where}, killed`);
        const dice = seededRandom(1_000 * seed + at).next;
        await comeBack(told, world, SimulatedDisk.crashed(told.snapshot, dice), `${where}, power`);
      }
    }
  });

  it("never counts an entry whose batch was given up, though others stand at its offsets", async () => {
    for (const checkpoints of [0, 1, 2]) {
      const disk = new SimulatedDisk();
      const { store, world } = await openStore({ disk });
      await store.createTopic("logs", { partitions: PARTITIONS });
      const log = store.topic("logs")!.partitions[0]!;
      await store.origins.openSession("c", { cleanStart: false, lasting: true });
      disk.writeFault = (path) => path.startsWith("logs-") ? "full" : null;
      await expect(send(store, "p", 1)).rejects.toMatchObject({ code: "storage_full" });
      await expect(publish(store, "c", 1, "message")).rejects.toMatchObject({
        code: "storage_full",
      });
      disk.writeFault = null;
      await append(store, log, ["somebody else's", "and another", "and one more"]);
      for (let at = 0; at < checkpoints; at++) await store.checkpoint();

      const { store: again } = await openStore({
        ...world,
        disk: SimulatedDisk.crashed(disk.snapshot(), () => 0),
      });
      const where = `${checkpoints} checkpoints`;
      expect(again.origins.isHeld("c", 1), where).toBe(false);
      expect(again.origins.http("p", 1, "print 4").kind, where).toBe("fresh");
    }
  });
});

describe("OriginJournal.openSession(), on a clean start", () => {
  it("forgets what is still on its way of the session before, across a crash too", async () => {
    for (const otherFile of [false, true]) {
      const disk = new SimulatedDisk();
      const { store, world } = await openStore({ disk, settings: { originJournalBytes: 1024 } });
      await store.createTopic("logs", { partitions: PARTITIONS });
      const log = store.topic("logs")!.partitions[0]!;
      await store.origins.openSession("c", { cleanStart: false, lasting: true });
      await append(store, log, ["draws a log id"]);
      const finish = disk.holdSyncs();
      const before = append(store, log, ["is being synced"]);
      await new Promise((resolve) => setTimeout(resolve, 5));
      const published = publish(store, "c", 1, "message");
      const opened = store.origins.openSession("c", { cleanStart: true, lasting: true });
      finish();
      await Promise.all([before, published, opened]);
      if (otherFile) {
        await store.origins.openSession("long ".repeat(1_000), {
          cleanStart: false,
          lasting: true,
        });
      }
      const { store: again } = await openStore(world);
      expect(again.origins.isHeld("c", 1)).toBe(false);
    }
  });
});

describe("OriginJournal.release()", () => {
  it("stays true when the journal goes on in its other file just then", async () => {
    const disk = new SimulatedDisk();
    const { store, world } = await openStore({ disk, settings: { originJournalBytes: 1024 } });
    await store.createTopic("logs", { partitions: PARTITIONS });
    const lasting = { cleanStart: false, lasting: true };
    await store.origins.openSession("c", lasting);
    await publish(store, "c", 1, "message");
    const finish = disk.holdSyncs();
    const released = store.origins.release("c", 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    // Waits for the sync that is under way, and then finds no room in this file.
    const opened = store.origins.openSession("long ".repeat(1_000), lasting);
    finish();
    await Promise.all([released, opened]);
    const { store: again } = await openStore(world);
    expect(again.origins.isHeld("c", 1)).toBe(false);
  });
});

describe("OriginJournal.write()", () => {
  it("stays true when the journal goes on in its other file just then", async () => {
    const disk = new SimulatedDisk();
    const { store, world } = await openStore({ disk, settings: { originJournalBytes: 1024 } });
    await store.createTopic("logs", { partitions: PARTITIONS });
    const lasting = { cleanStart: false, lasting: true };
    await store.origins.openSession("c", lasting);
    await append(store, store.topic("logs")!.partitions[0]!, ["draws a log id"]);
    const finish = disk.holdSyncs();
    const published = publish(store, "c", 1, "message");
    await new Promise((resolve) => setTimeout(resolve, 5));
    const opened = store.origins.openSession("long ".repeat(1_000), lasting);
    finish();
    await Promise.all([published, opened]);
    const { store: again } = await openStore(world);
    expect(again.origins.isHeld("c", 1)).toBe(true);
  });

  it("works again after it failed a hundred thousand times", async () => {
    const disk = new SimulatedDisk();
    const { store } = await openStore({ disk });
    await store.createTopic("logs", { partitions: PARTITIONS });
    await store.origins.openSession("c", { cleanStart: false, lasting: true });
    const log = store.topic("logs")!.partitions[0]!;
    disk.writeFault = () => "fail";
    for (let times = 0; times < 14; times++) {
      const sealed = Array.from({ length: 10_000 }, (_, at) => ({
        entry: store.origins.entry("c", at),
        log,
        batchBaseOffset: 0,
        batchCrc: 0,
        earlierBatches: [],
        baseOffset: 0,
        lastOffset: 0,
      }));
      await expect(store.origins.write(sealed)).rejects.toThrow("Cannot");
    }
    disk.writeFault = null;
    await publish(store, "c", 1, "message");
    expect(store.origins.isHeld("c", 1)).toBe(true);
  });
});

describe("OriginJournal.http()", () => {
  it("answers a repeat, waits for one under way, refuses another body and what is too old", async () => {
    const { store } = await openStore({ catalogue: new MemoryCatalogue() });
    await store.createTopic("logs", { partitions: PARTITIONS });
    const sending = send(store, "p", 5);
    const waiting = store.origins.http("p", 5, "print 5");
    expect(waiting.kind).toBe("wait");
    const parts = await sending;
    if (waiting.kind === "wait") await waiting.settled;
    expect(parts.reduce((sum, { from, to }) => sum + to - from, 0)).toBe(5);
    expect(await send(store, "p", 5)).toEqual(parts);
    expect(() => store.origins.http("p", 5, "other")).toThrow(expect.objectContaining({
      code: "sequence_conflict",
    }));
    for (let sequence = 6; sequence <= 30; sequence++) await send(store, "p", sequence);
    expect(() => store.origins.http("p", 5, "print 5")).toThrow(expect.objectContaining({
      code: "sequence_too_old",
    }));
  });

  it("lets a request that failed be sent again, and appends only what is missing", async () => {
    const disk = new SimulatedDisk();
    const { store } = await openStore({ disk });
    await store.createTopic("logs", { partitions: PARTITIONS });
    await send(store, "p", 1);
    disk.writeFault = (path) => path.startsWith("logs-1/") ? "full" : null;
    await expect(send(store, "p", 2)).rejects.toMatchObject({ code: "storage_full" });
    disk.writeFault = null;
    const verdict = store.origins.http("p", 2, "print 5");
    expect(verdict.kind).toBe("resume");
    if (verdict.kind === "resume") verdict.request.finish();
    await send(store, "p", 2);
    const all = await Promise.all(
      store.topic("logs")!.partitions.map((log) => readAll(store.core, log)),
    );
    expect(all.map(({ values }) => values)).toEqual([
      ["p/1/0", "p/1/2", "p/2/0", "p/2/2", "p/2/4"],
      ["p/1/1", "p/1/3", "p/2/1", "p/2/3"],
    ]);
  });
});

describe("OriginJournal.openSession()", () => {
  it("remembers lasting sessions across runs, and forgets what a clean start or an end drops", async () => {
    const { store, world } = await openStore();
    await store.createTopic("logs");
    const lasting = { cleanStart: false, lasting: true };
    expect(await store.origins.openSession("a", lasting)).toBe(false);
    await publish(store, "a", 7, "x");
    expect(await store.origins.openSession("b", lasting)).toBe(false);
    await publish(store, "b", 7, "x");
    expect(await store.origins.openSession("c", { ...lasting, lasting: false })).toBe(false);
    await publish(store, "c", 7, "x");
    expect(store.origins.isHeld("c", 7)).toBe(true);
    await store.origins.openSession("b", { cleanStart: true, lasting: true });

    const { store: again } = await openStore(world);
    expect(again.origins.isHeld("a", 7)).toBe(true);
    expect(again.origins.isHeld("b", 7)).toBe(false);
    expect(again.origins.isHeld("c", 7)).toBe(false);
    expect(await again.origins.openSession("a", lasting)).toBe(true);
    expect(await again.origins.openSession("b", lasting)).toBe(true);
    expect(await again.origins.openSession("c", lasting)).toBe(false);
    await again.origins.endSession("a");
    const { store: third } = await openStore(world);
    expect(await third.origins.openSession("a", lasting)).toBe(false);
  });
});

describe("OriginJournal.lastingClients()", () => {
  it("names those whose sessions outlive their connections, over a restart too", async () => {
    const { store, world } = await openStore({ settings: { originJournalBytes: 4096 } });
    for (const clientId of ["stays", "ends", "passing"]) {
      const lasting = clientId !== "passing";
      await store.origins.openSession(clientId, { cleanStart: false, lasting });
    }
    await store.origins.endSession("ends");
    expect([...store.origins.lastingClients()]).toEqual(["stays"]);
    await store.close();
    const { store: again } = await openStore(world);
    expect([...again.origins.lastingClients()]).toEqual(["stays"]);
  });
});
