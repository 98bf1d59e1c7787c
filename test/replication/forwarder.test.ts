/**
 * The forwarder against a real receiver over a link in memory: what it sends, when it waits, and
 * what it goes on from. Crashes at every step are test/sim/replication.test.ts.
 */
import { describe, expect, it } from "vitest";
import { diceOf } from "../support/dice.ts";
import { FlakyLink } from "../support/flaky_link.ts";
import { HandClock } from "../support/hand_clock.ts";
import { pass, SimulatedNode, until } from "../support/replication_world.ts";

async function world() {
  const clock = new HandClock();
  const gateway = new SimulatedNode({ name: "gateway", seed: 1, clock });
  const centre = new SimulatedNode({ name: "centre", seed: 2, clock });
  await gateway.start();
  await centre.start();
  const link = new FlakyLink(clock, diceOf(3));
  link.serve = centre.serve();
  const caughtUp = () => gateway.forwarder!.status().lagRecords === 0;
  return { clock, gateway, centre, link, caughtUp };
}

const names = (count: number, prefix = "r") =>
  Array.from({ length: count }, (_, at) => `${prefix}${at}`);

describe("Forwarder", () => {
  it("brings what is there already, and what comes, with identity and checksum untouched", async () => {
    const { clock, gateway, centre, link, caughtUp } = await world();
    await gateway.append("logs", 0, names(3));
    gateway.forward(link);
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
    await gateway.forwarder!.stop();
    await pass(clock, 10);
  });
});
