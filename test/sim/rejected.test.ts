/** What the upstream will never take: it is ledgered, on both sides, and the lane goes on. */
import { describe, expect, it } from "vitest";
import { OperatingError } from "../../src/base/errors.ts";
import { TOPIC_DEFAULTS } from "../../src/store/settings.ts";
import { diceOf } from "../support/dice.ts";
import { FlakyLink } from "../support/flaky_link.ts";
import { HandClock } from "../support/hand_clock.ts";
import { SimulatedNode, until } from "../support/replication_world.ts";

async function world(replicationOrder: "strict" | "live_first" = "strict") {
  const clock = new HandClock();
  const settings = { topicDefaults: { ...TOPIC_DEFAULTS, replicationOrder } };
  const gateway = new SimulatedNode({ name: "gateway", seed: 1, clock, settings });
  const centre = new SimulatedNode({ name: "centre", seed: 2, clock, settings });
  await gateway.start();
  await centre.start();
  const link = new FlakyLink(clock, diceOf(3));
  link.serve = centre.serve();
  const caughtUp = () => gateway.forwarder!.status().lagRecords === 0;
  return { clock, gateway, centre, link, caughtUp };
}

/** From now on the centre will never take the batch that begins there. */
function reject(centre: SimulatedNode, at: number): void {
  const { ranges } = centre.store;
  const judge = ranges.judge.bind(ranges);
  ranges.judge = (logId, range, ...rest) => {
    const { from, to } = range;
    if (from !== at) return judge(logId, range, ...rest);
    const detail = { log_id: logId, from, to };
    throw new OperatingError("batch_rejected", `Cannot take ${from} to ${to}, ever`, detail);
  };
}

describe("batch_rejected", () => {
  it("is ledgered as such on both sides, and the lane goes on behind it", async () => {
    const { clock, gateway, centre, link, caughtUp } = await world();
    reject(centre, 3);
    for (const value of ["a", "b", "c", "d"]) {
      await gateway.append("logs", 0, [value, `${value}2`, `${value}3`]);
    }
    gateway.forward(link);
    await until(clock, caughtUp);
    await gateway.append("logs", 0, ["after"]);
    await until(clock, caughtUp);
    const values = (await centre.records("logs")).map(({ value }) => value);
    expect(values).toEqual(["a", "a2", "a3", "c", "c2", "c3", "d", "d2", "d3", "after"]);
    for (const { store } of [gateway, centre]) {
      expect([...store.ledger.entries()]).toMatchObject([
        { from: 3, to: 6, count: 3, reason: "rejected", state: "final" },
      ]);
    }
    expect(gateway.forwarder!.status()).toMatchObject({ lanesWaiting: 0, refused: [] });
  });

  it("stops no other lane of the request where the ledger cannot be written just then", async () => {
    const { clock, gateway, centre, link, caughtUp } = await world();
    reject(centre, 1);
    for (const topic of ["logs", "more", "most"]) {
      for (const value of ["a", "b"]) await gateway.append(topic, 0, [value]);
    }
    const { ledger } = gateway.store;
    const change = ledger.change.bind(ledger);
    let failures = 0;
    ledger.change = (made) => {
      if (failures++ > 0) return change(made);
      return Promise.reject(new OperatingError("storage_failed", "Cannot write the ledger"));
    };
    gateway.forward(link);
    await until(clock, caughtUp);
    for (const topic of ["logs", "more", "most"]) {
      expect((await centre.records(topic)).map(({ value }) => value)).toEqual(["a"]);
    }
    expect([...gateway.store.ledger.entries()].length).toBe(3);
  });

  it("is not sent again by a later run", async () => {
    const { clock, gateway, centre, link, caughtUp } = await world();
    reject(centre, 1);
    await gateway.append("logs", 0, ["a"]);
    await gateway.append("logs", 0, ["b"]);
    gateway.forward(link);
    await until(clock, caughtUp);
    gateway.crash();
    await gateway.start();
    gateway.forward(link);
    await gateway.append("logs", 0, ["c"]);
    await until(clock, caughtUp);
    expect((await centre.records("logs")).map(({ value }) => value)).toEqual(["a", "c"]);
    expect([...gateway.store.ledger.entries()]).toHaveLength(1);
  });

  it("is believed of nothing that was not sent", async () => {
    const { clock, gateway, centre, link } = await world();
    const { ranges } = centre.store;
    ranges.judge = (logId) => {
      const detail = { log_id: logId, from: 0, to: 1_000 };
      throw new OperatingError("batch_rejected", "Cannot take anything, ever", detail);
    };
    await gateway.append("logs", 0, ["a"]);
    gateway.forward(link);
    await until(clock, () => gateway.forwarder!.status().lanesWaiting === 1);
    expect([...gateway.store.ledger.entries()]).toEqual([]);
    expect(gateway.forwarder!.status().refused).toMatchObject([
      { lane: "logs/0", code: "batch_rejected" },
    ]);
  });
});
