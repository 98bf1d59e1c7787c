/**
 * Crash model of what operators do to topics: one of two topics is deleted, made again, and gets more
 * partitions, while records come to both, at a node whose upstream holds some of them. The power goes
 * at every step of the disk and between changes of the catalogue. Whatever is found then: a topic is
 * there whole or not at all, what was acknowledged is readable, delivered or ledgered, and no offset
 * ever stands for two records. A failure prints the seed and the step that replay it.
 */
import process from "node:process";
import { expect, it } from "vitest";
import type { LogId, Offset } from "../../src/base/types.ts";
import { readBatchHeader } from "../../src/format/record_batch.ts";
import type { PartitionLog } from "../../src/store/partition_log.ts";
import { TOPIC_DEFAULTS } from "../../src/store/settings.ts";
import type { Store } from "../../src/store/store.ts";
import { testCore } from "../support/core.ts";
import { diceOf, pick } from "../support/dice.ts";
import { HandClock } from "../support/hand_clock.ts";
import { MemoryCatalogue } from "../support/memory_catalogue.ts";
import { type Dice, SimulatedDisk, type Snapshot } from "../support/simulated_disk.ts";
import { append, openStore, seededRandom } from "../support/stores.ts";

const CRASH_POINTS = Math.ceil(Number(process.env["LOGBOOM_CRASH_POINTS"] ?? 3_000) / 10);
const TOPICS = ["doomed", "other"];
const ROUNDS = 16;
const SETTINGS = {
  topicDefaults: { ...TOPIC_DEFAULTS, compressionType: "none", segmentBytes: 500 },
  defaultPartitions: 2,
} as const;

const core = testCore();

/** What a client was told, by partition: values by offset. */
type Told = ReadonlyMap<string, ReadonlyMap<Offset, string>>;

interface CrashPoint {
  readonly snapshot: Snapshot;
  readonly catalogue: MemoryCatalogue;
  readonly told: Told;
  /** Offsets below it were in a topic that was deleted, for all the operator knows; by partition. */
  readonly deletedBelow: ReadonlyMap<string, Offset>;
  /** Id of the topic of which a deletion is under way: it may or may not have happened. */
  readonly deleting: string | null;
  /** Where the partitions of that topic ended when its deletion began, as far as was told. */
  readonly endsThen: ReadonlyMap<string, Offset>;
  /** Whether the topic is there; null where it may be. */
  readonly exists: boolean | null;
  readonly partitions: number;
}

class Workload {
  readonly points: CrashPoint[] = [];
  readonly #dice: Dice;
  readonly #seed: number;
  readonly #disk = new SimulatedDisk();
  readonly #catalogue = new MemoryCatalogue();
  readonly #clock = new HandClock();
  readonly #told = new Map<string, Map<Offset, string>>();
  #deletedBelow = new Map<string, Offset>();
  #deleting: string | null = null;
  #endsThen = new Map<string, Offset>();
  #exists: boolean | null = false;
  /** Appends to a topic that is being deleted: whoever sends knows nothing of it. */
  #late: Promise<void>[] = [];
  #partitions = 2;
  #values = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#dice = diceOf(seed);
  }

  async run(): Promise<void> {
    const random = seededRandom(this.#seed);
    const note = () => this.#note(random);
    this.#disk.onStep = note;
    this.#catalogue.delay = async () => {
      note();
      await Promise.resolve();
    };
    const { store } = await openStore({
      ...{ core, random, disk: this.#disk, catalogue: this.#catalogue, clock: this.#clock },
      settings: { ...SETTINGS, checkpointBytes: pick(this.#dice, [500, 3_000, 100_000]) },
      hasUpstream: true,
    });
    for (let round = 0; round < ROUNDS; round++) {
      const appends = TOPICS.filter(() => this.#dice() < 0.7)
        .map((topic) => this.#append(store, topic));
      if (this.#dice() < 0.3) this.#deliver(store);
      const change = this.#dice() < 0.4 ? this.#change(store) : null;
      if (this.#dice() < 0.7) await this.#passing(Promise.all([...appends, change]));
      else await this.#passing(change);
      await this.#passing(Promise.all(this.#late.splice(0)));
      if (this.#dice() < 0.2) this.#clock.advance(1_000); // Idle: a checkpoint is due.
      note();
    }
    await this.#passing(store.commits.idle());
    await store.close();
    note();
  }

  #note(random: ReturnType<typeof seededRandom>): void {
    this.points.push({
      snapshot: this.#disk.snapshot(),
      catalogue: this.#catalogue.crashed(random),
      told: new Map(Array.from(this.#told, ([name, values]) => [name, new Map(values)])),
      deletedBelow: new Map(this.#deletedBelow),
      deleting: this.#deleting,
      endsThen: this.#endsThen,
      exists: this.#exists,
      partitions: this.#partitions,
    });
  }

  async #change(store: Store): Promise<void> {
    const topic = store.topic("doomed");
    if (topic === undefined) return;
    if (this.#dice() < 0.3) {
      await store.changes.change("doomed", { partitions: topic.partitions.length + 1 });
      this.#partitions++;
      return;
    }
    this.#deleting = topic.id;
    this.#endsThen = new Map(topic.partitions.map((log) => [keyOf(log), log.highWatermark]));
    this.#exists = null;
    const sendOn = () => {
      if (this.#deleting !== topic.id || this.#late.length > 100) return;
      if (this.#dice() < 0.3) {
        this.#late.push(this.#appendTo(store, pick(this.#dice, topic.partitions)));
      }
      void Promise.resolve().then(sendOn);
    };
    sendOn();
    await store.changes.delete("doomed");
    this.#deleting = null;
    this.#exists = store.topic("doomed") === undefined ? false : null;
    this.#partitions = 2;
    for (const log of topic.partitions) {
      this.#deletedBelow.set(keyOf(log), log.highWatermark);
    }
  }

  /** The upstream has a part of it. */
  #deliver(store: Store): void {
    for (const { name, partitions } of store.topics()) {
      for (const { index, highWatermark } of partitions) {
        const held = Math.floor(this.#dice() * (highWatermark + 1));
        const known = store.forwarded.of(name, index);
        if (held > known.held) store.forwarded.set(name, index, { held, settled: held });
      }
    }
  }

  /** Waits for `done` while time passes. */
  async #passing(done: Promise<unknown> | null): Promise<void> {
    let waiting = true;
    const ended = Promise.resolve(done).finally(() => waiting = false);
    while (waiting) {
      for (let turn = 0; turn < 100 && waiting; turn++) await Promise.resolve();
      if (waiting) this.#clock.advance(1);
    }
    await ended;
  }

  async #append(store: Store, name: string): Promise<void> {
    if (name === "doomed") this.#exists = null;
    const { partitions } = await store.createTopic(name);
    if (name === "doomed" && this.#deleting === null) this.#exists = true;
    await this.#appendTo(store, pick(this.#dice, partitions));
  }

  async #appendTo(store: Store, log: PartitionLog): Promise<void> {
    const values = Array.from({ length: 1 + Math.floor(this.#dice() * 3) }, () => this.#value());
    try {
      const { ticket } = await append(store, log, values);
      const told = this.#told.get(keyOf(log)) ?? new Map<Offset, string>();
      this.#told.set(keyOf(log), told);
      for (const [at, value] of values.entries()) {
        const offset = ticket.baseOffset + at;
        expect(told.has(offset), `${keyOf(log)} offset ${offset} is told once`).toBe(false);
        told.set(offset, value);
      }
    } catch (error) {
      expect(error).toMatchObject({ code: expect.stringMatching(/topic_deleted|unknown_topic/) });
    }
  }

  #value(): string {
    const size = this.#dice() < 0.7 ? 50 : 700;
    return `${this.#values++}:${"x".repeat(this.#dice() * size)}`;
  }
}

function keyOf({ topic, index }: Pick<PartitionLog, "topic" | "index">): string {
  return `${topic}-${index}`;
}

async function crashOnce(point: CrashPoint, dice: Dice): Promise<void> {
  const disk = dice() < 0.2
    ? SimulatedDisk.killed(point.snapshot)
    : SimulatedDisk.crashed(point.snapshot, dice);
  const catalogue = point.catalogue.crashed(seededRandom(1));
  const again: { readonly snapshot: Snapshot; readonly catalogue: MemoryCatalogue }[] = [];
  const random = seededRandom(Math.floor(dice() * 1e9));
  if (dice() < 0.3) {
    const note = () =>
      void again.push({ snapshot: disk.snapshot(), catalogue: catalogue.crashed(random) });
    disk.onStep = note;
    catalogue.delay = () => Promise.resolve(note());
  }
  const opened = { core, settings: SETTINGS, hasUpstream: true, random };
  const { store } = await openStore({ ...opened, disk, catalogue });
  disk.onStep = () => {};
  catalogue.delay = () => Promise.resolve();
  await verify(store, point);
  if (again.length === 0) return;
  // The power goes again while it recovers, and goes on with the deletion.
  const second = pick(dice, again);
  const { store: last } = await openStore({
    ...opened,
    disk: SimulatedDisk.crashed(second.snapshot, dice),
    catalogue: second.catalogue,
  });
  await verify(last, point);
}

async function verify(store: Store, point: CrashPoint): Promise<void> {
  const doomed = store.topic("doomed");
  const [never] = TOPICS.map((topic) =>
    [...point.told.keys()].some((key) => key.startsWith(topic))
  );
  // Nothing but a deletion under way takes a topic away that was told of.
  const wasThere = never && [...point.told].some(([key, values]) =>
    key.startsWith("doomed") &&
    [...values.keys()].some((at) => at >= (point.deletedBelow.get(key) ?? 0))
  );
  if (wasThere && point.deleting === null) expect(doomed, "the topic is there").toBeDefined();
  if (point.exists === false) expect(doomed, "the topic is gone").toBeUndefined();
  // It may have gone, and come again since.
  const isSame = doomed !== undefined && (point.deleting ?? doomed.id) === doomed.id;
  if (wasThere && isSame) {
    expect(doomed.partitions.length).toBeGreaterThanOrEqual(point.partitions);
  }
  for (const [key, values] of point.told) {
    const [topic, index] = key.split("-") as [string, string];
    const log = store.topic(topic)?.partitions[Number(index)];
    const open = store.openLogs().find((each) => keyOf(each) === key);
    expect(log === undefined ? 0 : 1).toBeLessThanOrEqual(open === undefined ? 0 : 1);
    const end = store.endOf(topic, Number(index));
    const start = log?.logStartOffset ?? end;
    for (const [offset, value] of values) {
      expect(offset, `${key} ends behind what was told`).toBeLessThan(end);
      if (topic === "doomed" && log !== undefined && !isSame) {
        const wasInIt = offset < (point.endsThen.get(key) ?? 0);
        if (wasInIt) expect(offset, `${key} went whole`).toBeLessThan(start);
      }
      if (offset >= start) {
        expect(await valueAt(log!, offset), `${key} at ${offset}`).toBe(value);
        continue;
      }
      const isAllowed = point.deleting !== null && topic === "doomed" ||
        offset < (point.deletedBelow.get(key) ?? 0);
      expect(isAllowed, `${key} at ${offset} was to be given up`).toBe(true);
      expectAccounted(store, { topic, partition: Number(index), offset });
    }
    expect(log?.gaps ?? []).toEqual([]);
    if (log !== undefined && topic === "doomed" && isSame && wasThere) {
      // Whole: what lies below its start was given up with a topic before it.
      expect(start).toBeLessThanOrEqual(point.deletedBelow.get(key) ?? 0);
    }
  }
  for (const name of TOPICS) await expectTakes(store, name);
}

/** Delivered, or in the ledger, once. */
function expectAccounted(
  store: Store,
  { topic, partition, offset }: {
    readonly topic: string;
    readonly partition: number;
    readonly offset: Offset;
  },
): void {
  const { held } = store.forwarded.of(topic, partition);
  const ids = store.logs.chain(topic, partition).map(({ logId }) => logId);
  const entries = ids.flatMap((logId: LogId) =>
    store.ledger.standing(logId, { from: offset, to: offset + 1 })
  );
  const known = store.ledger.logStart(`${topic}-${partition}`)?.held ?? 0;
  if (offset < Math.max(held, known)) expect(entries.length).toBeLessThanOrEqual(1);
  else expect(entries.length, `${topic}-${partition} at ${offset} is ledgered`).toBe(1);
}

async function valueAt(log: PartitionLog, offset: Offset): Promise<string | null> {
  const { batches: [batch] } = await log.read(offset, { maxBytes: 1, upTo: offset + 1 });
  if (batch === undefined) return null;
  const { baseOffset } = readBatchHeader(batch);
  const value = core.decode(batch)[offset - baseOffset]?.value;
  return value === undefined || value === null ? null : new TextDecoder().decode(value);
}

/** It takes records, be it made again, and they stand behind all that was told. */
async function expectTakes(store: Store, name: string): Promise<void> {
  const { partitions } = await store.createTopic(name);
  for (const log of partitions) {
    const end = log.highWatermark;
    expect(store.endOf(name, log.index)).toBe(end);
    const { ticket } = await append(store, log, ["after"]);
    expect(ticket.baseOffset).toBe(end);
    expect(await valueAt(log, end)).toBe("after");
  }
}

it(`topics are deleted whole or not at all over ${CRASH_POINTS} crashes`, async () => {
  let crashes = 0;
  for (let seed = 1; crashes < CRASH_POINTS; seed++) {
    const workload = new Workload(seed);
    await workload.run();
    for (const point of workload.points) {
      if (crashes++ >= CRASH_POINTS) return;
      await crashOnce(point, diceOf(seed * 1e6 + crashes)).catch((error) => {
        const place = `seed ${seed}, step ${point.snapshot.step}`;
        throw new Error(`${place}: ${error.message}`, { cause: error });
      });
    }
  }
}, 900_000);
