/**
 * Live records ahead of a backlog over three hops: at the site they lie in the order of arrival, and
 * the centre gets them from there in that order, each once, islands and all.
 */
import { describe, expect, it } from "vitest";
import { TOPIC_DEFAULTS } from "../../src/store/settings.ts";
import { diceOf } from "../support/dice.ts";
import { HandClock } from "../support/hand_clock.ts";
import { NarrowLink } from "../support/narrow_link.ts";
import { pass, SimulatedNode, until } from "../support/replication_world.ts";

const LIVE_FIRST = { ...TOPIC_DEFAULTS, compressionType: "none", replicationOrder: "live_first" };
const STRICT = { ...TOPIC_DEFAULTS, compressionType: "none" };

async function chain(seed: number, siteOrder: "strict" | "live_first") {
  const dice = diceOf(seed);
  const clock = new HandClock();
  const node = async (name: string, at: number, order: string) => {
    const topicDefaults = (order === "strict" ? STRICT : LIVE_FIRST) as typeof TOPIC_DEFAULTS;
    const made = new SimulatedNode({
      name,
      seed: 3 * seed + at,
      clock,
      settings: { topicDefaults },
    });
    await made.start();
    return made;
  };
  const gateway = await node("gateway", 0, "live_first");
  const site = await node("site", 1, siteOrder);
  const centre = await node("centre", 2, siteOrder);
  let faulty = false;
  const isLost = () => faulty && dice() < 0.04;
  const low = new NarrowLink(clock, { bytesPerSecond: 60_000, delayMs: 30, isLost });
  const high = new NarrowLink(clock, { bytesPerSecond: 40_000, delayMs: 50, isLost });
  let next = 0;
  const published: string[] = [];
  const publish = async (count: number) => {
    const values = Array.from({ length: count }, () => `${next++}:`.padEnd(700, "."));
    if (await gateway.append("logs", 0, values)) published.push(...values);
  };
  const caughtUp = () =>
    gateway.forwarder!.status().lagRecords === 0 && site.forwarder!.status().lagRecords === 0;
  const lose = (whether: boolean) => faulty = whether;
  return { dice, clock, gateway, site, centre, low, high, publish, published, caughtUp, lose };
}

async function expectWhole(node: SimulatedNode, published: readonly string[], told: string) {
  const records = await node.records("logs");
  expect(new Set(records.map(({ value }) => value)).size, told).toBe(records.length);
  const held = records.sort((a, b) => a.sourceOffset - b.sourceOffset).map(({ value }) => value);
  expect(held, told).toEqual(published);
  expect([...node.store.ledger.entries()], told).toEqual([]);
  for (const { islands } of node.store.ranges.all()) expect(islands, told).toEqual([]);
}

describe("live_first over three hops", () => {
  it.each(["strict", "live_first"] as const)("hands islands on from a %s site", async (order) => {
    const world = await chain(1, order);
    const { clock, gateway, site, centre, low, high, publish, published, caughtUp } = world;
    for (let at = 0; at < 40; at++) await publish(10);
    low.serve = site.serve();
    high.serve = centre.serve();
    site.forward(high);
    gateway.forward(low);
    await until(clock, () => gateway.forwarder!.status().lanesSplit === 1);
    for (let at = 0; at < 20; at++) {
      await publish(1);
      await pass(clock, 100);
    }
    const early = (await centre.records("logs")).map(({ value }) => value);
    expect(early).toContain(published[400]);
    expect(early.length).toBeLessThan(300);
    await until(clock, caughtUp);
    await expectWhole(site, published, order);
    await expectWhole(centre, published, order);
  });

  it("keeps them until their turn where the next node knows no islands", async () => {
    const world = await chain(3, "live_first");
    const { clock, gateway, site, centre, low, high, publish, published, caughtUp } = world;
    for (let at = 0; at < 40; at++) await publish(10);
    centre.receive({ versions: { min: 1, max: 1 } });
    low.serve = site.serve();
    high.serve = centre.serve();
    site.forward(high);
    gateway.forward(low);
    await until(clock, () => gateway.forwarder!.status().lanesSplit === 1);
    for (let at = 0; at < 20; at++) {
      await publish(1);
      await pass(clock, 100);
    }
    await until(clock, caughtUp);
    const values = (await centre.records("logs")).map(({ value }) => value);
    expect(values).toEqual(published);
    await expectWhole(centre, published, "version 1");
    expect((await site.records("logs")).map(({ value }) => value)).not.toEqual(published);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])("does so while everything breaks, seed %i", async (seed) => {
    const world = await chain(seed, seed % 2 === 0 ? "strict" : "live_first");
    const { dice, clock, gateway, site, centre, low, high, publish, published, lose } = world;
    const up = () => {
      low.serve ??= site.serve();
      high.serve ??= centre.serve();
    };
    up();
    site.forward(high);
    gateway.forward(low);
    lose(true);
    for (let turn = 0; turn < 40; turn++) {
      for (let batch = Math.floor(dice() * 8); batch > 0; batch--) {
        await publish(1 + Math.floor(dice() * 30));
      }
      const event = dice();
      if (event < 0.1) {
        low.serve = null;
        site.crash();
        await site.start();
        site.forward(high);
      } else if (event < 0.17) {
        high.serve = null;
        centre.crash();
        await centre.start();
      } else if (event < 0.24) low.serve = null;
      else if (event < 0.31) high.serve = null;
      else if (event < 0.6) up();
      await pass(clock, dice() * 2_000);
    }
    lose(false);
    up();
    await until(clock, world.caughtUp, { limitMs: 900_000, what: `seed ${seed} has caught up` });
    await expectWhole(site, published, `site, seed ${seed}`);
    await expectWhole(centre, published, `centre, seed ${seed}`);
  }, 60_000);
});
