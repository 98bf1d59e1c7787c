/**
 * A relay holds batches whole of which the root has some records already: the gateway thinned them,
 * and sent what was left there itself.
 */
import { describe, expect, it } from "vitest";
import { APPEND_PATH } from "../../src/protocol/replication/append_frames.ts";
import { readBatchHeader } from "../../src/format/record_batch.ts";
import { recut } from "../../src/replication/recut.ts";
import type { PartitionLog } from "../../src/store/partition_log.ts";
import { diceOf } from "../support/dice.ts";
import { FlakyLink } from "../support/flaky_link.ts";
import { HandClock } from "../support/hand_clock.ts";
import { SimulatedNode, until } from "../support/replication_world.ts";

const valueAt = (at: number) => `v${at}`;
const valuesFrom = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => valueAt(from + at));

async function world() {
  const clock = new HandClock();
  const node = async (name: string, seed: number) => {
    const made = new SimulatedNode({ name, seed, clock });
    await made.start();
    return { made, link: new FlakyLink(clock, diceOf(seed)) };
  };
  const [gateway, site, centre] = [
    await node("gateway", 1),
    await node("site", 2),
    await node("centre", 3),
  ];
  const caughtUp = async ({ made }: typeof gateway, to: typeof site) =>
    await until(clock, () => {
      const { lagRecords, upstreamNode } = made.forwarder!.status();
      return lagRecords === 0 && upstreamNode === to.made.name &&
        made.store.forwarded.upstream === to.made.store.nodeId;
    }, { limitMs: 1_200_000 });
  return { gateway, site, centre, caughtUp };
}

/** Leaves every `kept`th record of each batch, in batches of their own, as thinning does. */
function thin({ made: { store } }: { readonly made: SimulatedNode }, kept: number): void {
  const log: PartitionLog = store.topic("logs")!.partitions[0]!;
  const read = log.read.bind(log);
  log.read = async (...args) => {
    const page = await read(...args);
    const batches = page.batches.flatMap((batch) => {
      const { sourceOffset: from, recordsCount } = readBatchHeader(batch);
      const ranges = Array.from({ length: recordsCount }, (_, at) => from + at)
        .filter((at) => at % kept === 0).map((at) => ({ from: at, to: at + 1 }));
      return recut(store.core, batch, ranges)!.map((part) => part.batch);
    });
    return { ...page, batches };
  };
}

const sorted = async ({ made }: { readonly made: SimulatedNode }) =>
  (await made.records("logs")).map(({ value }) => value).sort();

describe("a batch of which the root has a part", () => {
  it.each([3, 100, 200])("goes as far as it is lacking (%i parts)", async (parts) => {
    const { gateway, site, centre, caughtUp } = await world();
    gateway.link.serve = site.made.serve();
    gateway.made.forward(gateway.link);
    const batches = [valuesFrom(0, parts * 2), valuesFrom(parts * 2, parts * 2 + 10)];
    for (const batch of batches) await gateway.made.append("logs", 0, batch);
    await caughtUp(gateway, site);
    thin(gateway, 2);
    gateway.link.serve = centre.made.serve();
    await gateway.made.append("logs", 0, ["last"]);
    await caughtUp(gateway, centre);
    expect(await sorted(centre)).toHaveLength(parts + 6);

    site.link.serve = centre.made.serve();
    site.made.forward(site.link);
    await caughtUp(site, centre);
    expect(await sorted(centre)).toEqual([...batches.flat(), "last"].sort());
    for (const { made } of [gateway, site, centre]) {
      expect([...made.store.ledger.entries()]).toEqual([]);
    }
  });

  it("is not given up where that part came while the rest was under way", async () => {
    const { gateway, site, centre, caughtUp } = await world();
    gateway.link.serve = site.made.serve();
    gateway.made.forward(gateway.link);
    await gateway.made.append("logs", 0, valuesFrom(0, 9));
    await caughtUp(gateway, site);
    thin(gateway, 3);

    let overtaken = false;
    const serve = centre.made.serve();
    site.link.serve = async (request) => {
      if (!overtaken && new URL(request.url).pathname === APPEND_PATH) {
        overtaken = true;
        gateway.link.serve = serve;
        await gateway.made.append("logs", 0, ["last"]);
        await caughtUp(gateway, centre);
      }
      return await serve(request);
    };
    site.made.forward(site.link);
    await caughtUp(site, centre);
    expect(await sorted(centre)).toEqual(["last", ...valuesFrom(0, 9)]);
    for (const { made } of [gateway, site, centre]) {
      expect([...made.store.ledger.entries()]).toEqual([]);
    }
  });
});
