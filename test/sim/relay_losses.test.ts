/** What a relay gives up of other nodes' logs is ledgered, and told upstream, as theirs. */
import { describe, expect, it } from "vitest";
import { TOPIC_DEFAULTS } from "../../src/store/settings.ts";
import { diceOf } from "../support/dice.ts";
import { FlakyLink } from "../support/flaky_link.ts";
import { HandClock } from "../support/hand_clock.ts";
import { pass, SimulatedNode, until } from "../support/replication_world.ts";

async function chain(gateways: number) {
  const clock = new HandClock();
  const topicDefaults = {
    ...TOPIC_DEFAULTS,
    segmentBytes: 2_000,
    retentionMs: 60_000,
    retainUndelivered: false,
  };
  const node = async (name: string, seed: number) => {
    const settings = name === "centre" ? {} : { topicDefaults };
    const made = new SimulatedNode({ name, seed, clock, settings });
    await made.start();
    return made;
  };
  const site = await node("site", 1);
  const centre = await node("centre", 2);
  const devices = await Promise.all(
    Array.from({ length: gateways }, (_, at) => node(`gw${at}`, 10 + at)),
  );
  const up = new FlakyLink(clock, diceOf(3));
  const links = devices.map((device) => {
    const link = new FlakyLink(clock, diceOf(4));
    link.serve = site.serve();
    device.forward(link);
    return link;
  });
  site.forward(up);
  return { clock, site, centre, devices, links, up };
}

/** Old enough to go, and covered by both checkpoints. */
async function expire(clock: HandClock, site: SimulatedNode): Promise<void> {
  const log = site.store.topic("logs")!.partitions[0]!;
  await log.roll();
  clock.advance(61_000);
  await site.store.checkpoint();
  await site.store.checkpoint();
  await site.store.retain();
}

describe("a relay whose upstream lost what it delivered and removed", () => {
  for (const restarts of [false, true]) {
    const when = restarts ? ", also once it was started anew" : "";
    it(`ledgers that nobody has it any more${when}`, async () => {
      const { clock, site, centre, devices, up } = await chain(2);
      const image = centre.image();
      up.serve = centre.serve();
      for (const device of devices) await device.append("logs", 0, ["a", "b", "c"]);
      const highWatermark = ({ store }: SimulatedNode) =>
        store.topic("logs")?.partitions[0]?.highWatermark ?? 0;
      await until(clock, () => highWatermark(centre) === 6);
      await until(clock, () => site.forwarder!.status().lagRecords === 0);
      await expire(clock, site);
      expect(site.store.topic("logs")!.partitions[0]!.logStartOffset).toBe(6);

      up.serve = null;
      centre.crash();
      centre.restore(image);
      await centre.start();
      if (restarts) {
        await site.stop();
        await site.start();
        site.forward(up);
      }
      up.serve = centre.serve();
      const isFinal = () =>
        [...centre.store.ledger.entries()].filter(({ state }) => state === "final").length === 2;
      await until(clock, isFinal);
      await pass(clock, 1_000);
      const expected = devices.map(({ store }) => store.logs.chain("logs", 0)[0]!.logId).sort();
      for (const { store } of [centre, site]) {
        const entries = [...store.ledger.entries()];
        expect(entries.map(({ logId }) => logId).sort()).toEqual(expected);
        expect(entries.map(({ from, to, reason, state }) => ({ from, to, reason, state }))).toEqual(
          Array(2).fill({ from: 0, to: 3, reason: "lost_at_receiver", state: "final" }),
        );
      }
      expect(site.forwarder!.status()).toMatchObject({ lagRecords: 0, lanesWaiting: 0 });
    });
  }
});

describe("a relay to which nothing came but the word that it was given up", () => {
  for (const restarts of [false, true]) {
    const when = restarts ? ", also once it was started anew" : "";
    it(`tells its upstream, and those below that it settled${when}`, async () => {
      const { clock, site, centre, devices, links, up } = await chain(1);
      const [gateway, link] = [devices[0]!, links[0]!];
      link.serve = null;
      await gateway.append("logs", 0, ["a", "b", "c"]);
      await expire(clock, gateway);
      link.serve = site.serve();
      const finals = ({ store }: SimulatedNode) =>
        [...store.ledger.entries()].filter(({ state }) => state === "final");
      await until(clock, () => finals(gateway).length === 1);
      expect(site.store.topic("logs")?.partitions[0]?.highWatermark).toBe(0);
      if (restarts) {
        await site.stop();
        await site.start();
        site.forward(up);
        link.serve = site.serve();
      }
      up.serve = centre.serve();
      await until(clock, () => finals(centre).length === 1);
      const { logId } = gateway.store.logs.chain("logs", 0)[0]!;
      expect(finals(centre)).toMatchObject([{ logId, from: 0, to: 3, reason: "retention" }]);
      await until(clock, () => gateway.store.forwarded.ofLog(logId)?.settled === 3);
      expect(site.forwarder!.status()).toMatchObject({ lagRecords: 0, lanesWaiting: 0, lanes: 1 });
    });
  }
});

describe("a relay that gives records up", () => {
  it("tells its upstream of each origin's loss, though nothing of them ever follows", async () => {
    const { clock, site, centre, devices, up } = await chain(5);
    for (const device of devices) await device.append("logs", 0, ["a", "b", "c"]);
    await until(clock, () => devices.every((one) => one.forwarder!.status().lagRecords === 0));
    await expire(clock, site);
    expect(site.store.topic("logs")!.partitions[0]!.logStartOffset).toBe(15);

    up.serve = centre.serve();
    await until(clock, () => [...centre.store.ledger.entries()].length === 5);
    await pass(clock, 1_000);
    const losses = ({ store }: SimulatedNode) =>
      [...store.ledger.entries()].map(({ logId, from, to, reason, state }) => ({
        ...{ logId, from, to, reason, state },
      })).sort((a, b) => a.logId! < b.logId! ? -1 : 1);
    const expected = devices.map(({ store }) => ({
      logId: store.logs.chain("logs", 0)[0]!.logId,
      ...{ from: 0, to: 3, reason: "retention", state: "final" },
    })).sort((a, b) => a.logId < b.logId ? -1 : 1);
    expect(losses(centre)).toEqual(expected);
    expect(losses(site)).toEqual(expected);
    expect(site.forwarder!.status()).toMatchObject({ lagRecords: 0, lanesWaiting: 0 });

    for (const device of devices) await device.append("logs", 0, ["after"]);
    const isThere = () => (centre.store.topic("logs")?.partitions[0]?.highWatermark ?? 0) === 5;
    await until(clock, isThere);
    expect((await centre.records("logs")).map(({ sourceOffset }) => sourceOffset)).toEqual([
      ...Array.from({ length: 5 }, () => 3),
    ]);
  });
});
