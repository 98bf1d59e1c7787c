/**
 * A gateway whose upstream changes, is restored, or comes back: what one of them acknowledged is
 * delivered, what the next one lacks and is still here is sent, and nothing of it is called a loss.
 */
import { describe, expect, it } from "vitest";
import { OperatingError } from "../../src/base/errors.ts";
import { diceOf } from "../support/dice.ts";
import { FlakyLink } from "../support/flaky_link.ts";
import { HandClock } from "../support/hand_clock.ts";
import { pass, SimulatedNode, until } from "../support/replication_world.ts";

async function world() {
  const clock = new HandClock();
  const node = async (name: string, seed: number) => {
    const made = new SimulatedNode({ name, seed, clock });
    await made.start();
    return made;
  };
  const [gateway, first, second] = [
    await node("gateway", 1),
    await node("first", 2),
    await node("second", 3),
  ];
  const link = new FlakyLink(clock, diceOf(4));
  let forwarding = false;
  /** Replicates to that node, and to no other. */
  const to = (upstream: SimulatedNode) => {
    link.serve = upstream.serve();
    if (!forwarding) gateway.forward(link);
    forwarding = true;
  };
  const caughtUp = async (upstream: SimulatedNode) => {
    const { forwarder, store } = gateway;
    await until(
      clock,
      () =>
        forwarder!.status().lagRecords === 0 && forwarder!.status().state === "connected" &&
        forwarder!.status().upstreamNode === upstream.name && store.forwarded.upstream ===
          upstream.store.nodeId,
      { limitMs: 700_000 },
    );
  };
  const log = () => gateway.store.topic("logs")!.partitions[0]!;
  return { clock, gateway, first, second, link, to, caughtUp, log };
}

const names = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, at) => `${prefix}${at}`);
const valuesOf = async (node: SimulatedNode) =>
  (await node.records("logs")).map(({ value }) => value);

describe("re-route", () => {
  it("sends a new upstream all that is still here, once each way", async () => {
    const { gateway, first, second, to, caughtUp } = await world();
    to(first);
    await gateway.append("logs", 0, names("a", 3));
    await caughtUp(first);
    to(second);
    await gateway.append("logs", 0, names("b", 3));
    await caughtUp(second);
    expect(await valuesOf(second)).toEqual([...names("a", 3), ...names("b", 3)]);
    expect(await valuesOf(first)).toEqual(names("a", 3));

    to(first);
    await gateway.append("logs", 0, names("c", 2));
    await caughtUp(first);
    const all = [...names("a", 3), ...names("b", 3), ...names("c", 2)];
    expect(await valuesOf(first)).toEqual(all);
    to(second);
    await gateway.append("logs", 0, names("d", 1));
    await caughtUp(second);
    expect(await valuesOf(second)).toEqual([...all, "d0"]);
    expect([...gateway.store.ledger.entries()]).toEqual([]);
  });

  it("calls no loss what an earlier upstream took and is gone here", async () => {
    const { gateway, first, second, to, caughtUp, log } = await world();
    to(first);
    await gateway.append("logs", 0, names("a", 3));
    await caughtUp(first);
    log().setLogStart(3);
    to(second);
    await gateway.append("logs", 0, names("b", 2));
    await caughtUp(second);
    expect(await valuesOf(second)).toEqual(names("b", 2));
    expect([...gateway.store.ledger.entries(), ...second.store.ledger.entries()]).toEqual([]);
    const [received] = [...second.store.ranges.all()];
    expect(received).toMatchObject({ watermark: 5, elsewhere: [{ from: 0, to: 3 }] });
    // It may still come, by the way of the first: that is another path of the same log.
    expect(received!.contiguous).toBe(0);
  });

  it("knows who took what after a crash and a restart", async () => {
    const { clock, gateway, first, second, link, to, caughtUp, log } = await world();
    to(first);
    await gateway.append("logs", 0, names("a", 3));
    await caughtUp(first);
    to(second);
    await gateway.append("logs", 0, names("b", 3));
    await caughtUp(second);
    await gateway.store.checkpoint();
    gateway.crash();
    await gateway.start();
    log().setLogStart(6);
    expect(gateway.store.forwarded.upstream).toBe(second.store.nodeId);
    link.serve = first.serve();
    gateway.forward(link);
    await gateway.append("logs", 0, names("c", 1));
    await caughtUp(first);
    await pass(clock, 100);
    expect(await valuesOf(first)).toEqual([...names("a", 3), "c0"]);
    expect([...gateway.store.ledger.entries()]).toEqual([]);
    expect([...first.store.ranges.all()][0]).toMatchObject({ elsewhere: [{ from: 3, to: 6 }] });
  });

  it("makes good an upstream that was restored, and ledgers only what nobody has", async () => {
    const { gateway, first, second, to, caughtUp, log } = await world();
    to(first);
    await gateway.append("logs", 0, names("a", 3));
    await caughtUp(first);
    const image = first.image();
    await gateway.append("logs", 0, names("b", 3));
    await caughtUp(first);
    to(second);
    await gateway.append("logs", 0, names("c", 1));
    await caughtUp(second);
    // The second has all; the first went back to what it held after three.
    log().setLogStart(7);
    first.restore(image);
    await first.start();
    to(first);
    await gateway.append("logs", 0, names("d", 1));
    await caughtUp(first);
    expect(await valuesOf(first)).toEqual([...names("a", 3), "d0"]);
    expect([...gateway.store.ledger.entries()]).toEqual([]);

    // What only the first ever had, and lost, is lost.
    await gateway.append("logs", 0, names("e", 2));
    await caughtUp(first);
    log().setLogStart(10);
    first.restore(image);
    await first.start();
    to(first);
    await gateway.append("logs", 0, names("f", 1));
    await caughtUp(first);
    expect(await valuesOf(first)).toEqual([...names("a", 3), "f0"]);
    const lost = [...gateway.store.ledger.entries()];
    expect(lost.map(({ from, to, reason }) => [from, to, reason])).toEqual([
      [7, 10, "lost_at_receiver"],
    ]);
    void second;
  });

  it.each([false, true])(
    "has a relay tell its upstream of what that alone held, and lost (restarted: %s)",
    async (isRestarted) => {
      const { clock, gateway, first: centre, second: relay, to, caughtUp, log } = await world();
      const image = centre.image();
      to(centre);
      await gateway.append("logs", 0, names("a", 3));
      await caughtUp(centre);
      log().setLogStart(3);
      const up = new FlakyLink(clock, diceOf(5));
      up.serve = centre.serve();
      relay.forward(up);
      to(relay);
      await gateway.append("logs", 0, names("b", 2));
      await caughtUp(relay);
      const received = () => [...relay.store.ranges.all()][0]!;
      expect(received().elsewhere).toMatchObject([{ to: 3, holders: [centre.store.nodeId] }]);
      await until(clock, () => relay.forwarder!.status().lagRecords === 0);
      // The centre has it still.
      expect([...relay.store.ledger.entries()]).toEqual([]);

      centre.restore(image);
      await centre.start();
      if (isRestarted) {
        await relay.store.checkpoint();
        relay.crash();
        await relay.start();
        relay.forward(up);
        to(relay);
      }
      up.serve = centre.serve();
      await until(clock, () => received().elsewhere.length === 0, { limitMs: 700_000 });
      await until(clock, () => relay.forwarder!.status().lagRecords === 0);
      expect(await valuesOf(centre)).toEqual(names("b", 2));
      for (const { store } of [relay, centre]) {
        const lost = Array.from(store.ledger.entries(), ({ from, to, reason, state }) => [
          ...[from, to, reason, state],
        ]);
        expect(lost).toEqual([[0, 3, "lost_at_receiver", "final"]]);
      }
      expect(received().contiguous).toBe(5);
      expect([...gateway.store.ledger.entries()]).toEqual([]);
    },
  );

  it("brings what it said lies elsewhere, where it has it after all", async () => {
    const { gateway, first, second, link, to, caughtUp, log } = await world();
    to(first);
    await gateway.append("logs", 0, names("a", 3));
    await caughtUp(first);
    await gateway.store.checkpoint();
    const image = gateway.image();
    log().setLogStart(3);
    to(second);
    await gateway.append("logs", 0, names("b", 2));
    await caughtUp(second);
    expect([...second.store.ranges.all()][0]).toMatchObject({ elsewhere: [{ from: 0, to: 3 }] });

    // The card is put back as it was: what went meanwhile is there again.
    gateway.crash();
    gateway.restore(image);
    await gateway.start();
    link.serve = second.serve();
    gateway.forward(link);
    await gateway.append("logs", 0, names("c", 1));
    await caughtUp(second);
    expect((await valuesOf(second)).sort()).toEqual(["a0", "a1", "a2", "b0", "b1", "c0"]);
    expect([...second.store.ranges.all()][0]).toMatchObject({ elsewhere: [], contiguous: 5 });
    expect([...second.store.ledger.entries(), ...gateway.store.ledger.entries()]).toEqual([]);
  });

  it.each([0, 1])("brings the later part of it, though %i requests are lost", async (losses) => {
    const { gateway, first, second, link, to, caughtUp, log } = await world();
    to(first);
    for (const name of names("a", 4)) await gateway.append("logs", 0, [name]);
    await caughtUp(first);
    log().setLogStart(2);
    await gateway.store.checkpoint();
    const image = gateway.image();
    log().setLogStart(4);
    to(second);
    await gateway.append("logs", 0, names("b", 2));
    await caughtUp(second);
    expect([...second.store.ranges.all()][0]).toMatchObject({ elsewhere: [{ from: 0, to: 4 }] });

    gateway.crash();
    gateway.restore(image);
    await gateway.start();
    const serve = second.serve();
    let lost = 0;
    link.serve = (request) => {
      if (!request.url.endsWith("/append") || lost++ >= losses) return serve(request);
      throw new OperatingError("upstream_unreachable", "lost on the way");
    };
    gateway.forward(link);
    await gateway.append("logs", 0, names("c", 1));
    await caughtUp(second);
    const refused = gateway.forwarder!.status().refused;
    expect([(await valuesOf(second)).sort(), refused]).toEqual([
      ["a2", "a3", "b0", "b1", "c0"],
      [],
    ]);
    expect([...second.store.ranges.all()][0]).toMatchObject({ elsewhere: [{ from: 0, to: 2 }] });
  });

  it("is told by an upstream that took the place of another behind one address", async () => {
    const { clock, gateway, first, second, to, caughtUp } = await world();
    to(first);
    await gateway.append("logs", 0, names("a", 3));
    await caughtUp(first);
    to(second);
    // Nothing is published: the seldom probe finds out.
    await pass(clock, 310_000);
    await caughtUp(second);
    expect(await valuesOf(second)).toEqual(names("a", 3));
  });
});
