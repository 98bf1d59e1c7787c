/**
 * Live records ahead of a backlog, end to end on a virtual clock: a gateway with live_first topics,
 * a link that carries only so much, and a real receiver.
 */
import { describe, expect, it } from "vitest";
import { ISLANDS_MAX } from "../../src/base/limits.ts";
import { type SplitFacts, splitOf } from "../../src/replication/live_first.ts";
import type { SegmentInfo } from "../../src/store/books.ts";
import { TOPIC_DEFAULTS, type TopicSettings } from "../../src/store/settings.ts";
import { HandClock } from "../support/hand_clock.ts";
import { NarrowLink, type NarrowLinkOptions } from "../support/narrow_link.ts";
import { pass, SimulatedNode, turns, until } from "../support/replication_world.ts";

interface WorldOptions {
  readonly link?: NarrowLinkOptions;
  readonly topic?: Partial<TopicSettings>;
}

const SLOW: NarrowLinkOptions = { bytesPerSecond: 50_000, delayMs: 40 };

async function world({ link: options = SLOW, topic }: WorldOptions = {}) {
  const clock = new HandClock();
  const topicDefaults: TopicSettings = {
    ...TOPIC_DEFAULTS,
    compressionType: "none",
    segmentBytes: 1 << 20,
    replicationOrder: "live_first",
    ...topic,
  };
  const settings = { topicDefaults };
  const gateway = new SimulatedNode({ name: "gateway", seed: 1, clock, settings });
  const centre = new SimulatedNode({ name: "centre", seed: 2, clock, settings });
  await gateway.start();
  await centre.start();
  const link = new NarrowLink(clock, options);
  const forward = () => gateway.forward(link);
  const caughtUp = () => gateway.forwarder!.status().lagRecords === 0;
  return { clock, gateway, centre, link, forward, caughtUp };
}

/** `count` records of about 1 KB, in batches of ten. */
async function backlog(gateway: SimulatedNode, count: number, prefix = "b"): Promise<string[]> {
  const all: string[] = [];
  for (let at = 0; at < count; at += 10) {
    const values = Array.from(
      { length: 10 },
      (_, one) => `${prefix}${at + one}:`.padEnd(1_000, "."),
    );
    all.push(...values);
    expect(await gateway.append("logs", 0, values)).toBe(true);
  }
  return all;
}

const valuesOf = async (node: SimulatedNode) =>
  (await node.records("logs")).map(({ value }) => value);
const inOrder = async (node: SimulatedNode) =>
  (await node.records("logs")).sort((a, b) => a.sourceOffset - b.sourceOffset)
    .map(({ value }) => value);

describe("splitOf()", () => {
  const segment = { baseOffset: 0, endOffset: 1_000, bytes: 1_000_000 } as SegmentInfo;
  const facts = (cursor: number, changes: Partial<SplitFacts> = {}): SplitFacts => ({
    log: {
      segments: () => [segment],
      settings: { ...TOPIC_DEFAULTS, replicationOrder: "live_first" },
      highWatermark: 1_000,
    },
    backlog: { cursor },
    live: null,
    liveSinceMs: Number.NEGATIVE_INFINITY,
    mixed: false,
    islands: () => 0,
    ...changes,
  });
  const link = { nowMs: 10_000, bytesPerSecond: 200_000, islands: true };

  it("opens a live lane where the rest takes more than a second, and never for little", () => {
    expect(splitOf(facts(700), link)).toBe("open");
    expect(splitOf(facts(801), link)).toBe("as_it_is");
    expect(splitOf(facts(939), { ...link, bytesPerSecond: 0 })).toBe("as_it_is");
    expect(splitOf(facts(900), { ...link, bytesPerSecond: 0 })).toBe("open");
    expect(splitOf(facts(1_000), link)).toBe("as_it_is");
  });

  it("opens it anew, with some time between, and not beyond the bound", () => {
    const behind = { live: { cursor: 500 }, liveSinceMs: 4_000 };
    expect(splitOf(facts(0, behind), link)).toBe("open");
    expect(splitOf(facts(0, { ...behind, liveSinceMs: 6_000 }), link)).toBe("as_it_is");
    expect(splitOf(facts(0, { ...behind, islands: () => 64 }), link)).toBe("as_it_is");
    expect(splitOf(facts(0, { live: { cursor: 990 } }), link)).toBe("as_it_is");
  });

  it("ends where the upstream knows no islands, or records of several nodes mix", () => {
    expect(splitOf(facts(0), { ...link, islands: false })).toBe("as_it_is");
    expect(splitOf(facts(0, { live: { cursor: 5 } }), { ...link, islands: false })).toBe("end");
    expect(splitOf(facts(0, { live: { cursor: 5 }, mixed: true }), link)).toBe("end");
  });
});

describe("live_first", () => {
  it("brings live records while a backlog drains, each once, and is one lane again then", async () => {
    const { clock, gateway, centre, link, forward, caughtUp } = await world();
    const old = await backlog(gateway, 500);
    link.serve = centre.serve();
    forward();
    await until(clock, () => gateway.forwarder!.status().lanesSplit === 1);
    await gateway.append("logs", 0, ["live"]);
    await until(clock, () => gateway.forwarder!.status().liveDelayMs !== null, { limitMs: 2_000 });
    const early = await valuesOf(centre);
    expect(early).toContain("live");
    expect(early.length).toBeLessThan(200);
    // The contiguous part alone moves what the gateway may forget.
    expect(gateway.store.forwarded.of("logs", 0).held).toBeLessThan(200);

    await until(clock, caughtUp);
    await gateway.append("logs", 0, ["after"]);
    await until(clock, caughtUp);
    expect(await inOrder(centre)).toEqual([...old, "live", "after"]);
    expect(gateway.forwarder!.status()).toMatchObject({ lanesSplit: 0, backlogBytes: 0 });
    expect(gateway.store.forwarded.of("logs", 0)).toEqual({ held: 502, settled: 502 });
    expect([...centre.store.ranges.all()]).toMatchObject([{ watermark: 502, islands: [] }]);
    // Nothing of it went twice.
    expect(link.bodyBytes).toBeLessThan(1.1 * 502 * 1_010);
    await gateway.stop();
  });

  it("never sends again what islands hold, after a restart of either side", async () => {
    const { clock, gateway, centre, link, forward, caughtUp } = await world();
    const old = await backlog(gateway, 300);
    link.serve = centre.serve();
    forward();
    await until(clock, () => gateway.forwarder!.status().lanesSplit === 1);
    const live = await backlog(gateway, 50, "live");
    await until(clock, () => [...centre.store.ranges.all()][0]!.islands[0]?.to === 350);
    const { watermark } = [...centre.store.ranges.all()][0]!;
    expect(watermark).toBeLessThan(300);
    link.serve = null;
    centre.crash();
    await centre.start();
    expect([...centre.store.ranges.all()][0]).toMatchObject({ islands: [{ from: 300, to: 350 }] });
    gateway.crash();
    await gateway.start();
    link.serve = centre.serve();
    const before = link.bodyBytes;
    forward();
    await until(clock, caughtUp);
    expect(await inOrder(centre)).toEqual([...old, ...live]);
    expect(link.bodyBytes - before).toBeLessThan((300 - watermark) * 1_010 + 20_000);
  });

  it("opens anew after a second outage, and the backlog takes what was left", async () => {
    const { clock, gateway, centre, link, forward, caughtUp } = await world();
    const all = await backlog(gateway, 800);
    link.serve = centre.serve();
    forward();
    await until(clock, () => gateway.forwarder!.status().lanesSplit === 1);
    all.push(...await backlog(gateway, 20, "live"));
    await pass(clock, 2_000);
    link.serve = null;
    all.push(...await backlog(gateway, 300, "second"));
    await pass(clock, 10_000);
    link.serve = centre.serve();
    await until(clock, () => gateway.forwarder!.status().state === "connected");
    await until(clock, () => gateway.forwarder!.status().requestsInFlight > 0);
    all.push(...await backlog(gateway, 10, "newest"));
    const isHere = async () => (await valuesOf(centre)).includes(all.at(-1)!);
    for (let at = 0; at < 10 && !await isHere(); at++) await pass(clock, 200);
    expect(await isHere()).toBe(true);
    expect([...centre.store.ranges.all()][0]!.islands).toHaveLength(2);
    await until(clock, caughtUp);
    expect(await inOrder(centre)).toEqual(all);
    expect([...centre.store.ranges.all()]).toMatchObject([{ islands: [], watermark: all.length }]);
  });

  it("goes on where it is once it has as many islands as may be", async () => {
    const { clock, gateway, centre, link, forward, caughtUp } = await world({
      link: { bytesPerSecond: 30_000, delayMs: 20 },
    });
    const all = await backlog(gateway, 12_000);
    link.serve = centre.serve();
    forward();
    let most = 0;
    // Each outage leaves more than a second of the link.
    for (let outage = 0; outage < 110; outage++) {
      await until(clock, () => gateway.forwarder!.status().state === "connected");
      all.push(...await backlog(gateway, 10, `live ${outage} `));
      await pass(clock, 4_000);
      link.serve = null;
      all.push(...await backlog(gateway, 80, `out ${outage} `));
      await pass(clock, 4_000);
      link.serve = centre.serve();
      most = Math.max(most, [...centre.store.ranges.all()][0]!.islands.length);
    }
    expect(most).toBe(ISLANDS_MAX);
    await until(clock, caughtUp, { limitMs: 3_600_000 });
    expect(await inOrder(centre)).toEqual(all);
  }, 120_000);

  it("keeps strict order with an upstream that knows no islands, and where it is told to", async () => {
    for (const versions of [{ min: 1, max: 1 }, { min: 1, max: 2 }]) {
      const strict = versions.max === 2;
      const { clock, gateway, centre, link, forward, caughtUp } = await world({
        ...(strict ? { topic: { replicationOrder: "strict" } } : {}),
      });
      const old = await backlog(gateway, 200);
      centre.receive({ versions });
      link.serve = centre.serve();
      forward();
      await until(clock, () => gateway.forwarder!.status().requestsInFlight > 0);
      await gateway.append("logs", 0, ["newest"]);
      await until(clock, () => {
        expect(gateway.forwarder!.status().lanesSplit).toBe(0);
        return caughtUp();
      });
      expect(await valuesOf(centre)).toEqual([...old, "newest"]);
    }
  });

  it("ends when the topic is told to keep strict order meanwhile", async () => {
    const topic = { replicationOrder: "live_first" as TopicSettings["replicationOrder"] };
    const { clock, gateway, centre, link, forward, caughtUp } = await world({ topic });
    const all = await backlog(gateway, 500);
    link.serve = centre.serve();
    forward();
    await until(clock, () => gateway.forwarder!.status().lanesSplit === 1);
    all.push(...await backlog(gateway, 20, "live"));
    await pass(clock, 1_000);
    const { settings } = gateway.store.topic("logs")!.partitions[0]!;
    Object.defineProperty(settings, "replicationOrder", { value: "strict" });
    all.push(...await backlog(gateway, 20, "strict"));
    await pass(clock, 1_000);
    expect(gateway.forwarder!.status().lanesSplit).toBe(0);
    await until(clock, caughtUp);
    expect(await inOrder(centre)).toEqual(all);
  });

  it.each([
    ["a cellular link", { bytesPerSecond: 100_000, delayMs: 60 }],
    ["a satellite", { bytesPerSecond: 100_000, delayMs: 300 }],
  ])("keeps live records under 2 s over %s while 72 hours drain", async (_, options) => {
    const { clock, gateway, centre, link, forward } = await world({ link: options });
    forward();
    for (let minute = 0; minute < 72 * 60; minute++) {
      const values = Array.from({ length: 25 }, (_, at) => `${minute}.${at}:`.padEnd(240, "."));
      await gateway.append("logs", 0, values);
      clock.advance(60_000);
    }
    const log = gateway.store.topic("logs")!.partitions[0]!;
    const backlogBytes = log.bytes;
    const backlogEnd = log.highWatermark;
    const arrived: { readonly end: number; readonly atMs: number }[] = [];
    centre.store.commits.observe(({ highWatermark }) =>
      arrived.push({ end: highWatermark, atMs: clock.monotonicMs() })
    );
    link.serve = centre.serve();
    await until(clock, () => gateway.forwarder!.status().lanesSplit === 1);
    const startMs = clock.monotonicMs();
    const [busyBefore, published] = [link.busyMs, new Map<string, number>()];
    let liveBytes = 0;
    const { forwarded } = gateway.store;
    for (let at = 0; forwarded.of("logs", 0).held < backlogEnd; at++) {
      // A live batch of 2 KB five times a second: a tenth of the link.
      if (at % 20 === 0) {
        const values = Array.from({ length: 8 }, (_, one) => `live ${at}.${one}:`.padEnd(240, "."));
        void gateway.append("logs", 0, values);
        published.set(values[0]!, clock.monotonicMs());
        liveBytes += 8 * 250;
      }
      await turns(2);
      clock.advance(10);
      expect(clock.monotonicMs() - startMs).toBeLessThan(3_600_000);
    }
    const tookMs = clock.monotonicMs() - startMs;
    await pass(clock, 2_000);

    const delays: number[] = [];
    for (const { value, offset } of await centre.records("logs")) {
      const atMs = published.get(value);
      if (atMs === undefined) continue;
      delays.push(arrived.find(({ end }) => end > offset)!.atMs - atMs);
    }
    delays.sort((a, b) => a - b);
    const p99 = delays[Math.floor(delays.length * 0.99)]!;
    const left = options.bytesPerSecond - liveBytes * 1_000 / tookMs;
    const ideal = backlogBytes * 1_000 / left;
    const used = (link.busyMs - busyBefore) / tookMs;
    const told = `p99 ${p99} ms, used ${used.toFixed(3)}, catch-up ${(tookMs / ideal).toFixed(3)}`;
    expect(delays.length, told).toBeGreaterThan(published.size * 0.95);
    expect(p99, told).toBeLessThanOrEqual(2_000);
    expect(used, told).toBeGreaterThanOrEqual(0.9);
    expect(tookMs / ideal, told).toBeLessThanOrEqual(1.1);
  }, 120_000);
});
