/**
 * Live records ahead of a backlog while everything breaks: outages, lost requests and answers,
 * crashes on both sides. Each record acknowledged is at the centre once, and the source order of each
 * log is whole. A failure prints its seed.
 */
import { describe, expect, it } from "vitest";
import { TOPIC_DEFAULTS } from "../../src/store/settings.ts";
import { diceOf } from "../support/dice.ts";
import { HandClock } from "../support/hand_clock.ts";
import { NarrowLink } from "../support/narrow_link.ts";
import { pass, SimulatedNode, until } from "../support/replication_world.ts";

const SEEDS = Array.from({ length: 16 }, (_, at) => at + 1);

class LiveFirstWorld {
  readonly clock = new HandClock();
  readonly dice: () => number;
  readonly gateway: SimulatedNode;
  readonly centre: SimulatedNode;
  readonly link: NarrowLink;
  readonly acknowledged: string[][] = [[], []];
  readonly published: string[][] = [[], []];
  islandsSeen = 0;
  faulty = true;
  #next = 0;

  constructor(seed: number) {
    this.dice = diceOf(seed);
    const topicDefaults = {
      ...TOPIC_DEFAULTS,
      partitions: 2,
      compressionType: "none",
      segmentBytes: 200_000,
      replicationOrder: "live_first",
    } as const;
    const settings = { defaultPartitions: 2, topicDefaults };
    const common = { clock: this.clock, settings };
    this.gateway = new SimulatedNode({ ...common, name: "gateway", seed: 2 * seed });
    this.centre = new SimulatedNode({ ...common, name: "centre", seed: 2 * seed + 1 });
    this.link = new NarrowLink(this.clock, {
      bytesPerSecond: 20_000 + this.dice() * 60_000,
      delayMs: 5 + this.dice() * 150,
      isLost: () => this.faulty && this.dice() < 0.03,
    });
  }

  async start(): Promise<void> {
    await this.centre.start();
    await this.gateway.start();
    this.gateway.forward(this.link);
    this.link.serve = this.centre.serve();
  }

  publish(partition: number, count: number): void {
    const size = 50 + Math.floor(this.dice() * 1_000);
    const values = Array.from(
      { length: count },
      () => `${partition}.${this.#next++}:`.padEnd(size, "."),
    );
    this.published[partition]!.push(...values);
    void this.gateway.append("logs", partition, values).then((acknowledged) => {
      if (acknowledged) this.acknowledged[partition]!.push(...values);
    });
  }

  async restart(node: SimulatedNode): Promise<void> {
    if (node === this.centre) this.link.serve = null;
    node.crash();
    await node.start();
    if (node === this.centre) this.link.serve = node.serve();
    else node.forward(this.link);
  }

  /** Something happens. */
  async turn(): Promise<void> {
    const { dice, centre, gateway, link, clock } = this;
    for (let batch = Math.floor(dice() * 6); batch > 0; batch--) {
      this.publish(Math.floor(dice() * 2), 1 + Math.floor(dice() * 40));
    }
    const event = dice();
    if (event < 0.08) await this.restart(gateway);
    else if (event < 0.16) await this.restart(centre);
    else if (event < 0.22) link.serve = null;
    else if (event < 0.4) link.serve ??= centre.serve();
    else if (event < 0.45) await gateway.store.checkpoint();
    else if (event < 0.5) await centre.store.checkpoint();
    await pass(clock, dice() * 2_500);
    for (const { islands } of centre.store.ranges.all()) {
      this.islandsSeen = Math.max(this.islandsSeen, islands.length);
    }
  }

  async heal(): Promise<void> {
    this.faulty = false;
    this.link.serve ??= this.centre.serve();
    const { gateway } = this;
    await until(this.clock, () => gateway.forwarder!.status().lagRecords === 0, {
      limitMs: 900_000,
    });
  }
}

describe("live_first", () => {
  const islands: number[] = [];

  it.each(SEEDS)("loses nothing, doubles nothing and keeps source order, seed %i", async (seed) => {
    const world = new LiveFirstWorld(seed);
    await world.start();
    for (let turn = 0; turn < 60; turn++) await world.turn();
    await world.heal();
    islands.push(world.islandsSeen);

    const records = await world.centre.records("logs");
    const values = records.map(({ value }) => value);
    expect(new Set(values).size, `seed ${seed}: doubles`).toBe(values.length);
    for (const partition of [0, 1]) {
      const chain = world.gateway.store.logs.chain("logs", partition).map(({ logId }) => logId);
      const held = records.filter(({ logId }) => chain.includes(logId))
        .sort((a, b) => a.sourceOffset - b.sourceOffset).map(({ value }) => value);
      const seen = new Set(held);
      const missing = world.acknowledged[partition]!.filter((value) => !seen.has(value));
      expect(missing, `seed ${seed}: missing`).toEqual([]);
      expect(held, `seed ${seed}: order`).toEqual(
        world.published[partition]!.filter((value) => seen.has(value)),
      );
    }
    for (const log of world.centre.store.ranges.all()) expect(log.islands).toEqual([]);
    expect([...world.centre.store.ledger.entries()], `seed ${seed}`).toEqual([]);
    await world.gateway.stop();
    await world.centre.stop();
  }, 60_000);

  it("had islands to speak of", () => {
    expect(Math.max(...islands)).toBeGreaterThan(1);
    expect(islands.filter((count) => count > 0).length).toBeGreaterThan(SEEDS.length / 2);
  });
});
