/**
 * A gateway whose delivered records decay, and a centre that has them still: over simulated disks,
 * a crash at every step, an upstream that lies.
 */
import { beforeEach, describe, expect, it } from "vitest";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import { SILENT_METRICS } from "../../src/base/metrics.ts";
import { readBatchHeader } from "../../src/format/record_batch.ts";
import { LinkTroubleError } from "../../src/replication/link_trouble.ts";
import { Repairer, type RepairerOptions } from "../../src/replication/repair.ts";
import { diceOf } from "../support/dice.ts";
import { FlakyLink } from "../support/flaky_link.ts";
import { HandClock } from "../support/hand_clock.ts";
import { SimulatedNode, until } from "../support/replication_world.ts";

const SEGMENT = "logs-0/00000000000000000000.log";
const BATCHES = 8;

let clock: HandClock;
let centre: SimulatedNode;
let gateway: SimulatedNode;
let link: FlakyLink;

beforeEach(async () => {
  clock = new HandClock();
  centre = new SimulatedNode({ name: "centre", seed: 1, clock });
  gateway = new SimulatedNode({ name: "gw", seed: 2, clock });
  await centre.start();
  await gateway.start();
  link = new FlakyLink(clock, diceOf(1));
  link.serve = centre.serve();
  gateway.forward(link);
  for (let at = 0; at < BATCHES; at++) {
    expect(await gateway.append("logs", 0, [`a${at}`, `b${at}`])).toBe(true);
  }
  await delivered();
});

const delivered = () => until(clock, () => gateway.forwarder!.status().lagRecords === 0);
const log = () => gateway.store.topic("logs")!.partitions[0]!;
const values = async (node: SimulatedNode) =>
  (await node.records("logs")).map(({ value }) => value);
const ALL = Array.from({ length: BATCHES }, (_, at) => [`a${at}`, `b${at}`]).flat();

/** The gateway is restarted on a disk that lost the batches of those numbers, and finds out. */
async function decay(numbers: readonly number[]): Promise<void> {
  await gateway.stop();
  const bytes = gateway.disk.contents(SEGMENT);
  let at = 0;
  for (let number = 0; at < bytes.length; number++) {
    const { sizeBytes } = readBatchHeader(bytes, at);
    if (numbers.includes(number)) bytes[at + 70]! ^= 4;
    at += sizeBytes;
  }
  gateway.disk.overwrite(SEGMENT, bytes);
  await gateway.start();
  gateway.forward(link);
  // Readers come upon it.
  expect((await gateway.records("logs")).length).toBe(2 * (BATCHES - numbers.length));
  await delivered();
}

function repairer(more: Partial<RepairerOptions> = {}): Repairer {
  return new Repairer({
    ...{ store: gateway.store, fetch: gateway.forwarder!.fetch, timers: clock },
    ...{ logger: SILENT_LOGGER, metrics: SILENT_METRICS },
    ...more,
  });
}

/** Time passes while it works. */
async function repair(one = repairer()): Promise<number> {
  let records: number | null = null;
  void one.repair().then((count) => records = count);
  await until(clock, () => records !== null);
  return records!;
}

describe("Repairer", () => {
  it("gets back what the upstream holds, byte for byte, to readers too", async () => {
    const before = gateway.disk.contents(SEGMENT);
    await decay([2, 3, 6]);
    expect(log().gaps).toHaveLength(2);
    expect(await repair()).toBe(6);
    expect(log().gaps).toEqual([]);
    expect(gateway.disk.contents(SEGMENT)).toEqual(before);
    expect(await values(gateway)).toEqual(ALL);
    expect([...gateway.store.ledger.standing(gateway.store.logs.chain("logs", 0)[0]!.logId)])
      .toEqual([]);
    // It outlasts a crash, and nothing came twice.
    gateway.crash();
    await gateway.start();
    gateway.forward(link);
    await delivered();
    expect(await values(gateway)).toEqual(ALL);
    expect(await values(centre)).toEqual(ALL);
  });

  it("reverses what the ledger said, once the records are back", async () => {
    await decay([4]);
    const { logId } = gateway.store.logs.chain("logs", 0)[0]!;
    const facts = { bytes: 60, minTimestamp: -1, maxTimestamp: -1 };
    const where = { logId, topic: "logs", partition: 0, ...facts };
    const what = { reason: "corrupt", state: "provisional" } as const;
    await gateway.store.ledger.change({
      entries: [{ ...where, ...what, from: 8, to: 10, count: 2 }],
    });
    await repair();
    expect(await values(gateway)).toEqual(ALL);
    expect(gateway.store.ledger.standing(logId)).toEqual([]);
    expect(gateway.store.ledger.of(logId)).toMatchObject([{ from: 8, to: 10, state: "reversed" }]);

    // What a crash left of an earlier repair: an entry, and no gap to it.
    await gateway.store.ledger.change({
      entries: [{ ...where, ...what, from: 2, to: 4, count: 2 }],
    });
    await repair();
    expect(gateway.store.ledger.standing(logId)).toEqual([]);
  });

  it("is whole or not there after a crash at any step, and done at the next round", async () => {
    await decay([2, 3]);
    for (let step = 1, done = false; !done; step += 1) {
      const image = gateway.image();
      gateway.crashAfter(step);
      void repairer().repair().catch(() => {});
      let waited = 0;
      await until(clock, () => gateway.crashed || log().gaps.length === 0 && waited++ > 20);
      done = !gateway.crashed;
      gateway.disarm();
      if (done) break;
      gateway.crash();
      await gateway.start();
      gateway.forward(link);
      const found = await values(gateway);
      expect([ALL.length, ALL.length - 4, ALL.length - 2], `step ${step}`).toContain(found.length);
      await delivered();
      await repair();
      expect(await values(gateway), `step ${step}`).toEqual(ALL);
      await gateway.forwarder!.stop();
      gateway.restore(image);
      await gateway.start();
      gateway.forward(link);
      await delivered();
    }
    expect(await values(centre)).toEqual(ALL);
  }, 60_000);

  it("believes no upstream that gives back other records", async () => {
    await decay([3]);
    const right = await gateway.forwarder!.fetch({
      ...{ logId: gateway.store.logs.chain("logs", 0)[0]!.logId, from: 6, to: 8 },
      ...{ maxBytes: 10_000, searchFrom: null },
    });
    const flipped = right.batches.slice();
    flipped[flipped.length - 1]! ^= 1;
    const renamed = right.batches.slice();
    renamed[50]! ^= 1;
    for (const batches of [flipped, renamed, right.batches.slice(0, -1), new Uint8Array(100)]) {
      const fetch = () => Promise.resolve({ batches, searchFrom: null });
      expect(await repair(repairer({ fetch }))).toBe(0);
    }
    expect(log().gaps).toMatchObject([{ from: 6, to: 8 }]);
    expect(await repair()).toBe(2);
  });

  it("waits while there is no link, and repairs of itself when there is", async () => {
    await decay([5]);
    const down = () => gateway.forwarder!.fetch;
    let up = false;
    const one = repairer({
      fetch: (request) =>
        up ? down()(request) : Promise.reject(
          new LinkTroubleError("unreachable", "upstream_unreachable", "it is down"),
        ),
      retryMs: 1_000,
    });
    one.start();
    await until(clock, () => clock.monotonicMs() > 5_000);
    expect(log().gaps).toHaveLength(1);
    up = true;
    await until(clock, () => log().gaps.length === 0);
    await one.stop();
    expect(await values(gateway)).toEqual(ALL);
  });
});
