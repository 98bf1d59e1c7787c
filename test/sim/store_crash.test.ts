/**
 * Crash model of the whole store: logs and books together, with checkpoints, retention and log ids
 * as the store itself makes them. Method as in crash_model.test.ts; what must hold there must hold
 * here for what `Store.open()` finds. A failure prints the seed and the step that replay it.
 */
import process from "node:process";
import { expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { RETENTION_INTERVAL_MS } from "../../src/base/limits.ts";
import type { Offset } from "../../src/base/types.ts";
import type { PartitionLog } from "../../src/store/partition_log.ts";
import type { Store } from "../../src/store/store.ts";
import { testCore } from "../support/core.ts";
import { diceOf, pick } from "../support/dice.ts";
import { HandClock } from "../support/hand_clock.ts";
import { expectKept, LogAccount } from "../support/log_account.ts";
import { MemoryCatalogue } from "../support/memory_catalogue.ts";
import { type Dice, SimulatedDisk, type Snapshot } from "../support/simulated_disk.ts";
import { append, openStore, seededRandom } from "../support/stores.ts";

/** Opening a whole store is dearer than a log, so fewer points say more. */
const CRASH_POINTS = Math.ceil(Number(process.env["LOGBOOM_CRASH_POINTS"] ?? 3_000) / 10);
const TOPICS = ["a", "b"];
const ROUNDS = 14;

const core = testCore();

interface CrashPoint {
  readonly snapshot: Snapshot;
  readonly catalogue: MemoryCatalogue;
  /** By topic, what was acknowledged at that moment. */
  readonly acknowledged: ReadonlyMap<string, Offset>;
}

class Workload {
  readonly points: CrashPoint[] = [];
  readonly accounts = new Map(TOPICS.map((topic) => [topic, new LogAccount()]));
  readonly #dice: Dice;
  readonly #seed: number;
  readonly #disk = new SimulatedDisk();
  readonly #catalogue = new MemoryCatalogue();
  readonly #clock = new HandClock();
  readonly #acknowledged = new Map(TOPICS.map((topic) => [topic, 0]));
  #values = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#dice = diceOf(seed);
  }

  async run(): Promise<void> {
    const random = seededRandom(this.#seed);
    this.#disk.onStep = () =>
      void this.points.push({
        snapshot: this.#disk.snapshot(),
        catalogue: this.#catalogue.crashed(random),
        acknowledged: new Map(this.#acknowledged),
      });
    const { store } = await openStore({
      ...{ core, random, disk: this.#disk, catalogue: this.#catalogue, clock: this.#clock },
      settings: { checkpointBytes: pick(this.#dice, [500, 3_000, 100_000]) },
    });
    for (let round = 0; round < ROUNDS; round++) {
      const appends = TOPICS.filter(() => this.#dice() < 0.7)
        .map((topic) => this.#append(store, topic));
      if (this.#dice() < 0.7) await this.#passing(Promise.all(appends));
      if (this.#dice() < 0.2) this.#clock.advance(1_000); // Idle: a checkpoint is due.
      if (this.#dice() < 0.15) this.#clock.advance(RETENTION_INTERVAL_MS);
      if (this.#dice() < 0.1) await store.checkpoint();
    }
    await this.#passing(store.commits.idle());
    await store.close();
  }

  /** Waits for `done` while time passes: after a slow commit, the next one waits for a timer. */
  async #passing(done: Promise<unknown>): Promise<void> {
    let waiting = true;
    const ended = done.finally(() => waiting = false);
    while (waiting) {
      for (let turn = 0; turn < 100 && waiting; turn++) await Promise.resolve();
      if (waiting) this.#clock.advance(1);
    }
    await ended;
  }

  async #append(store: Store, topic: string): Promise<void> {
    const { partitions } = await store.createTopic(topic, {
      segmentBytes: 600,
      retentionBytes: 2_500,
      compressionType: "none",
    });
    const log = partitions[0]!;
    const account = this.accounts.get(topic)!;
    const values = Array.from({ length: 1 + Math.floor(this.#dice() * 3) }, () => this.#value());
    for (const value of values) account.submitted.add(value);
    const { ticket } = await append(store, log, values);
    account.acknowledge(ticket.baseOffset, values);
    this.#acknowledged.set(topic, log.highWatermark);
  }

  #value(): string {
    const size = this.#dice() < 0.7 ? 50 : 900;
    return `${this.#values++}:${"x".repeat(this.#dice() * size)}`;
  }
}

async function crashOnce(point: CrashPoint, workload: Workload, dice: Dice): Promise<void> {
  const disk = dice() < 0.2
    ? SimulatedDisk.killed(point.snapshot)
    : SimulatedDisk.crashed(point.snapshot, dice);
  const catalogue = point.catalogue.crashed(seededRandom(1));
  const again: Snapshot[] = [];
  if (dice() < 0.2) disk.onStep = () => again.push(disk.snapshot());
  const random = seededRandom(Math.floor(dice() * 1e9));
  const { store } = await openStore({ core, disk, catalogue, random });
  await verify(store, point, workload);
  if (again.length === 0) return;
  // The power goes again while it recovers.
  const second = SimulatedDisk.crashed(pick(dice, again), dice);
  const opened = await openStore({
    ...{ core, disk: second, catalogue: catalogue.crashed(random), random },
  });
  await verify(opened.store, point, workload);
}

async function verify(store: Store, point: CrashPoint, workload: Workload): Promise<void> {
  for (const [topic, acknowledged] of point.acknowledged) {
    const log = store.topic(topic)?.partitions[0];
    if (log === undefined) {
      expect(acknowledged, `topic ${topic}`).toBe(0);
      continue;
    }
    const account = workload.accounts.get(topic)!;
    expect(log.highWatermark, `topic ${topic}`).toBeGreaterThanOrEqual(acknowledged);
    expect(log.logStartOffset, `topic ${topic}`).toBeLessThanOrEqual(log.highWatermark);
    // What was appended between two crashes counts, too.
    account.submitted.add("after");
    await expectKept(core, log, { account, acknowledged });
    await expectTakes(store, log);
  }
}

async function expectTakes(store: Store, log: PartitionLog): Promise<void> {
  const end = log.highWatermark;
  const { ticket } = await append(store, log, ["after"]);
  expect(ticket.baseOffset).toBe(end);
  const { batches } = await log.read(end, { maxBytes: 1 });
  expect(core.decode(batches[0]!)[0]?.value).toEqual(utf8("after"));
}

it(`Store.open() loses nothing acknowledged over ${CRASH_POINTS} crashes`, async () => {
  let crashes = 0;
  for (let seed = 1; crashes < CRASH_POINTS; seed++) {
    const workload = new Workload(seed);
    await workload.run();
    for (const point of workload.points) {
      if (crashes++ >= CRASH_POINTS) return;
      await crashOnce(point, workload, diceOf(seed * 1e6 + point.snapshot.step)).catch((error) => {
        throw new Error(`seed ${seed}, step ${point.snapshot.step}: ${error.message}`, {
          cause: error,
        });
      });
    }
  }
}, 900_000);
