/**
 * The forwarder against a real receiver over a link in memory: what it sends, when it waits, and
 * what it goes on from. Crashes at every step are test/sim/replication.test.ts.
 */
import { describe, expect, it } from "vitest";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import { SILENT_METRICS } from "../../src/base/metrics.ts";
import { NO_BUDGET, WEEKDAYS } from "../../src/replication/budget/budget_settings.ts";
import { LinkBudget } from "../../src/replication/budget/link_budget.ts";
import { Forwarder } from "../../src/replication/forwarder.ts";
import type { ForwarderSettings } from "../../src/replication/forwarder_options.ts";
import { diceOf, seededRandom } from "../support/dice.ts";
import { FlakyLink, NO_FAULTS } from "../support/flaky_link.ts";
import { HandClock } from "../support/hand_clock.ts";
import { pass, SimulatedNode, until } from "../support/replication_world.ts";

interface WorldOptions {
  readonly partitions?: number;
  readonly settings?: Partial<ForwarderSettings>;
}

async function world({ partitions = 1, settings }: WorldOptions = {}) {
  const clock = new HandClock();
  const store = { settings: { defaultPartitions: partitions } };
  const gateway = new SimulatedNode({ name: "gateway", seed: 1, clock, ...store });
  const centre = new SimulatedNode({ name: "centre", seed: 2, clock, ...store });
  await gateway.start();
  await centre.start();
  const link = new FlakyLink(clock, diceOf(3));
  link.serve = centre.serve();
  const forward = () => gateway.forward(link, settings);
  const caughtUp = () => gateway.forwarder!.status().lagRecords === 0;
  return { clock, gateway, centre, link, forward, caughtUp };
}

const names = (count: number, prefix = "r") =>
  Array.from({ length: count }, (_, at) => `${prefix}${at}`);

describe("Forwarder", () => {
  it("brings what is there already, and what comes, identity and checksum untouched", async () => {
    const { clock, gateway, centre, forward, caughtUp } = await world();
    await gateway.append("logs", 0, names(3));
    forward();
    await until(clock, caughtUp);
    await gateway.append("logs", 0, names(2, "s"));
    await until(clock, caughtUp);

    const sent = await gateway.records("logs");
    const held = await centre.records("logs");
    expect(held.map(({ value }) => value)).toEqual(["r0", "r1", "r2", "s0", "s1"]);
    const identity = sent.map(({ logId, sourceOffset, crc }) => ({ logId, sourceOffset, crc }));
    expect(held.map(({ logId, sourceOffset, crc }) => ({ logId, sourceOffset, crc })))
      .toEqual(identity);
    expect(gateway.store.forwarded.of("logs", 0)).toEqual({ held: 5, settled: 5 });
    expect(gateway.forwarder!.status()).toMatchObject({
      state: "connected",
      upstreamNode: "centre",
      failures: 0,
    });
    await gateway.stop();
  });

  it("rests while its budget lets nothing go, for however long it has heard nothing", async () => {
    const { clock, gateway, centre, link } = await world();
    const common = { clock, timers: clock, logger: SILENT_LOGGER, metrics: SILENT_METRICS };
    const minute = Math.floor(clock.wallMs() / 60_000) % 1_440;
    const window = { days: [...WEEKDAYS], from: (minute + 1_400) % 1_440, to: minute + 5 };
    const settings = { ...NO_BUDGET, windows: [{ ...window, to: window.to % 1_440 }] };
    const budget = new LinkBudget({ ...common, settings });
    const forwarder = new Forwarder({
      ...{ ...common, budget, store: gateway.store, http: link.client(), token: null },
      ...{ upstreamUrl: "http://centre.example", nodeName: "gateway", random: seededRandom(1) },
    });
    forwarder.start();
    await until(clock, () => forwarder.status().state === "connected");
    clock.advance(20 * 60_000);
    let looks = 0;
    const blocked = budget.blocked.bind(budget);
    budget.blocked = () => {
      looks++;
      return blocked();
    };
    await pass(clock, 2_000);
    expect(looks).toBeLessThan(10);
    await forwarder.stop();
    await centre.stop();
  });

  it("sends nothing above the high watermark", async () => {
    const { clock, gateway, centre, forward, caughtUp } = await world();
    forward();
    await gateway.append("logs", 0, names(1));
    await until(clock, caughtUp);
    const release = gateway.disk.holdSyncs();
    const appending = gateway.append("logs", 0, names(1, "unsynced"));
    await pass(clock, 500);
    expect(await centre.records("logs")).toHaveLength(1);
    release();
    expect(await appending).toBe(true);
    await until(clock, caughtUp);
    expect(await centre.records("logs")).toHaveLength(2);
  });

  it("serves hundreds of partitions with a few requests, and sleeps when there is nothing", async () => {
    const { clock, gateway, centre, link, forward, caughtUp } = await world({ partitions: 500 });
    for (let partition = 0; partition < 500; partition++) {
      await gateway.append("logs", partition, [`p${partition}`]);
    }
    forward();
    await until(clock, caughtUp);
    expect(await centre.records("logs")).toHaveLength(500);
    expect(link.requests).toBeLessThan(10);

    const [requests, timers] = [link.requests, clock.timersWaiting];
    await pass(clock, 60_000);
    expect(link.requests).toBe(requests);
    expect(clock.timersWaiting).toBeLessThanOrEqual(timers);
  });

  it("does not let one lane's backlog hold up another lane", async () => {
    const pace = { requestBytes: 2_000, inFlightMax: 1, timeoutMs: 30_000 };
    const { clock, gateway, centre, link, forward } = await world({
      partitions: 2,
      settings: { pace },
    });
    for (let batch = 0; batch < 50; batch++) {
      await gateway.append("logs", 0, names(20, `long-long-long-payload-${batch}-`));
    }
    link.faults = { ...NO_FAULTS, delayMs: 50 };
    forward();
    await pass(clock, 200);
    await gateway.append("logs", 1, ["quick"]);
    const arrived = async () => (await centre.records("logs")).map(({ value }) => value);
    let values: string[] = [];
    for (let waited = 0; waited < 100 && !values.includes("quick"); waited++) {
      await pass(clock, 20);
      values = await arrived();
    }
    expect(values).toContain("quick");
    expect(values.length).toBeLessThan(1_000);
  });

  it("goes on by itself however long the upstream was away", async () => {
    const { clock, gateway, centre, link, forward, caughtUp } = await world();
    link.serve = null;
    forward();
    await gateway.append("logs", 0, names(5));
    await until(clock, () => gateway.forwarder!.status().failures > 20, { limitMs: 86_400_000 });
    expect(gateway.forwarder!.status()).toMatchObject({ state: "backing_off", lagRecords: 5 });
    link.serve = centre.serve();
    await until(clock, caughtUp);
    expect(await centre.records("logs")).toHaveLength(5);
    expect(gateway.forwarder!.status()).toMatchObject({ state: "connected", error: null });
  });

  it("says hello again to a centre that restarted", async () => {
    const { clock, gateway, centre, link, forward, caughtUp } = await world();
    forward();
    await gateway.append("logs", 0, names(2));
    await until(clock, caughtUp);
    await centre.stop();
    await centre.start();
    link.serve = centre.serve();
    await gateway.append("logs", 0, names(2, "s"));
    await until(clock, caughtUp);
    expect((await centre.records("logs")).map(({ value }) => value)).toEqual([
      "r0",
      "r1",
      "s0",
      "s1",
    ]);
  });

  it("notices that its centre was replaced though there is nothing to send", async () => {
    const { clock, gateway, link, forward, caughtUp } = await world();
    await gateway.append("logs", 0, names(3));
    forward();
    await until(clock, caughtUp);
    const wiped = new SimulatedNode({ name: "centre", seed: 4, clock });
    await wiped.start();
    link.serve = wiped.serve();
    const end = () => wiped.store.topic("logs")?.partitions[0]?.highWatermark;
    await until(clock, () => end() === 3, { limitMs: 310_000 });
    expect(caughtUp()).toBe(true);
  });

  it("keeps trying, seldom, where its credential is refused", async () => {
    const { clock, gateway, centre, link, forward, caughtUp } = await world();
    link.serve = () => new Response(null, { status: 401 });
    forward();
    await gateway.append("logs", 0, names(2));
    await pass(clock, 300_000);
    expect(link.requests).toBeLessThanOrEqual(11);
    expect(gateway.forwarder!.status().state).toBe("refused");
    link.serve = centre.serve();
    await until(clock, caughtUp);
    expect(await centre.records("logs")).toHaveLength(2);
  });

  it("forwards other topics while one is refused", async () => {
    const { clock, gateway, centre, link, forward } = await world();
    await gateway.append("first", 0, names(2));
    forward();
    await until(clock, () => gateway.forwarder!.status().lagRecords === 0);
    const { logId } = gateway.store.logs.chain("first", 0)[0]!;
    const other = new SimulatedNode({ name: "other", seed: 5, clock });
    await other.start();
    // A centre where the log belongs to somebody else.
    await other.store.ranges.announce({
      logId,
      peer: "somebody",
      gateway: "somebody",
      topic: "first",
      partition: 0,
      firstOffset: 0,
      predecessor: null,
      predecessorEnd: 0,
      root: logId,
    });
    link.serve = other.serve();
    await gateway.append("first", 0, names(2, "refused"));
    await gateway.append("second", 0, names(2, "taken"));
    await until(clock, () => gateway.forwarder!.status().lanesWaiting === 1);
    await pass(clock, 1_000);
    expect(await other.records("first")).toEqual([]);
    expect(await other.records("second")).toHaveLength(2);
    expect(gateway.forwarder!.status()).toMatchObject({ state: "connected" });
    void centre;
  });

  it("stops at once, whatever is under way", async () => {
    const { clock, gateway, link, forward } = await world();
    link.serve = () => new Promise(() => {});
    forward();
    await gateway.append("logs", 0, names(2));
    await pass(clock, 100);
    await gateway.forwarder!.stop();
    expect(gateway.forwarder!.status().state).toBe("stopped");
  });
});
