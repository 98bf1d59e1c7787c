/**
 * A centre whose topics are deleted while gateways send to them: they come again, and each record is
 * there once, or was when its topic went. The centre's offsets count them, for a topic that comes
 * again goes on where it ended. LOGBOOM_SEEDS says how many histories; LOGBOOM_SEED begins at another.
 */
import process from "node:process";
import { expect, it } from "vitest";
import { TOPIC_DEFAULTS } from "../../src/store/settings.ts";
import { diceOf } from "../support/dice.ts";
import { FlakyLink } from "../support/flaky_link.ts";
import { HandClock } from "../support/hand_clock.ts";
import { pass, SimulatedNode, turns, until } from "../support/replication_world.ts";

const SEEDS = Number(process.env["LOGBOOM_SEEDS"] ?? 12);
const FIRST_SEED = Number(process.env["LOGBOOM_SEED"] ?? 1);
const STEPS = 25;
const GATEWAYS = ["g0", "g1", "g2"] as const;

class World {
  readonly clock = new HandClock();
  readonly dice: () => number;
  readonly centre: SimulatedNode;
  readonly gateways: readonly SimulatedNode[];
  readonly links: readonly FlakyLink[];
  /** Ids of topics that were deleted. */
  readonly gone = new Set<string>();
  acknowledged = 0;
  #next = 0;

  constructor(seed: number) {
    this.dice = diceOf(seed);
    const { clock } = this;
    const topicDefaults = {
      ...TOPIC_DEFAULTS,
      segmentBytes: 2_000,
      replicationOrder: seed % 2 === 0 ? "live_first" : "strict",
    } as const;
    const settings = { topicDefaults, defaultPartitions: 3 };
    this.centre = new SimulatedNode({ name: "centre", seed, clock, settings });
    this.gateways = GATEWAYS.map((name, at) =>
      new SimulatedNode({ name, seed: seed * 10 + at, clock, settings: { topicDefaults } })
    );
    this.links = GATEWAYS.map((_, at) => new FlakyLink(clock, diceOf(seed * 100 + at)));
  }

  async start(): Promise<void> {
    await this.up();
    for (const [at, gateway] of this.gateways.entries()) {
      await gateway.start();
      gateway.forward(this.links[at]!);
    }
  }

  async up(): Promise<void> {
    await this.centre.start();
    for (const link of this.links) link.serve = this.centre.serve();
  }

  async crash(): Promise<void> {
    for (const link of this.links) link.serve = null;
    this.centre.crash();
    await this.up();
  }

  async publish(): Promise<void> {
    const gateway = this.gateways[Math.floor(this.dice() * this.gateways.length)]!;
    const count = 1 + Math.floor(this.dice() * 20);
    const values = Array.from({ length: count }, () => `${this.#next++}:`.padEnd(80, "."));
    if (await gateway.append("logs", 0, values)) this.acknowledged += count;
  }

  async delete(): Promise<void> {
    const { store } = this.centre;
    const topic = store.topic("logs");
    if (topic === undefined) return;
    let over = false;
    const deleted = store.changes.delete("logs").finally(() => over = true);
    if (this.dice() < 0.5) {
      deleted.catch(() => {});
      await turns(Math.floor(this.dice() * 5));
      await this.crash();
    } else {
      await until(this.clock, () => over);
      await deleted;
    }
    if (this.centre.store.topic("logs")?.id !== topic.id) this.gone.add(topic.id);
  }

  /** Each of the records takes one offset here, and no more. */
  get received(): number {
    let received = 0;
    for (let partition = 0; partition < 3; partition++) {
      received += this.centre.store.endOf("logs", partition);
    }
    return received;
  }
}

it.each(Array.from({ length: SEEDS }, (_, at) => FIRST_SEED + at))(
  "has each record once, whatever is deleted (seed %i)",
  async (seed) => {
    const world = new World(seed);
    const { clock, centre, dice } = world;
    await world.start();
    for (let step = 0; step < STEPS; step++) {
      const draw = dice();
      if (draw < 0.5) await world.publish();
      else if (draw < 0.65) await world.delete();
      else if (draw < 0.7) await world.crash();
      else if (draw < 0.75) await centre.store.checkpoint();
      else await pass(clock, dice() * 2_000);
      expect(world.received).toBeLessThanOrEqual(world.acknowledged);
    }
    await world.publish();
    const caughtUp = () =>
      world.gateways.every(({ forwarder }) => forwarder!.status().lagRecords === 0);
    await until(clock, caughtUp, { what: "all is delivered" });
    expect(world.received).toBe(world.acknowledged);
    const values = (await centre.records("logs")).map(({ value }) => value);
    expect(new Set(values).size).toBe(values.length);
    const { id } = centre.store.topic("logs")!;
    expect(world.gone).not.toContain(id);
    // And none of it is in a ledger: a root has what it had.
    for (const { store } of [centre, ...world.gateways]) expect(store.ledger.size).toBe(0);
    await world.crash();
    expect((await centre.records("logs")).map(({ value }) => value)).toEqual(values);
    expect(world.received).toBe(world.acknowledged);
  },
  60_000,
);
