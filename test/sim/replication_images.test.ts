/**
 * Data directories that come back from the past, stand in two places at once, or were lied to; and
 * what can no longer be delivered. Each case is played with small nodes on simulated disks.
 */
import { describe, expect, it } from "vitest";
import { OperatingError } from "../../src/base/errors.ts";
import { diceOf } from "../support/dice.ts";
import { FlakyLink } from "../support/flaky_link.ts";
import { HandClock } from "../support/hand_clock.ts";
import { pass, SimulatedNode, until } from "../support/replication_world.ts";

class World {
  readonly clock = new HandClock();
  readonly link = new FlakyLink(this.clock, diceOf(1));
  readonly gateway = this.node("gateway", 1);
  readonly centre = this.node("centre", 2);

  static async start(): Promise<World> {
    const world = new World();
    await world.centre.start();
    world.link.serve = world.centre.serve();
    await world.gateway.start();
    world.gateway.forward(world.link);
    return world;
  }

  node(name: string, seed: number): SimulatedNode {
    return new SimulatedNode({ name, seed, clock: this.clock, crashModel: "prefix" });
  }

  /** Publishes at a node and waits until it is acknowledged. */
  async publish(prefix: string, at: SimulatedNode = this.gateway): Promise<string[]> {
    const values = Array.from({ length: 5 }, (_, index) => `${prefix}${index}`);
    expect(await at.append("logs", 0, values)).toBe(true);
    return values;
  }

  async delivered(of: SimulatedNode = this.gateway): Promise<void> {
    // A restored centre is noticed with the next request at the latest; give it that.
    await pass(this.clock, 100);
    await until(this.clock, () => {
      const status = of.forwarder?.status();
      return status?.state === "connected" && status.lagRecords === 0 &&
        status.requestsInFlight === 0;
    }, { what: "all is delivered" }).catch((error) => {
      throw new Error(`${String(error)}: ${JSON.stringify(of.forwarder?.status())}`);
    });
  }

  /** Until the gateway knows that nobody is there: nothing of it is on its way then. */
  cutOff(): Promise<void> {
    return until(this.clock, () => {
      const status = this.gateway.forwarder!.status();
      return status.state === "backing_off" && status.requestsInFlight === 0;
    });
  }

  async restartCentre(centre: SimulatedNode): Promise<void> {
    await centre.start();
    this.link.serve = centre.serve();
  }

  async valuesAt(centre: SimulatedNode = this.centre): Promise<string[]> {
    return (await centre.records("logs")).map(({ value }) => value);
  }

  ledgerOf({ store }: SimulatedNode): string[] {
    return [...store.ledger.entries()]
      .map(({ from, to, reason, state }) => `${from}-${to} ${reason} ${state}`);
  }
}

describe("a gateway's data directory", () => {
  it("gives new identities to what is published after an image was put back", async () => {
    const world = await World.start();
    const before = await world.publish("before");
    await world.delivered();
    const image = world.gateway.image();
    const between = await world.publish("between");
    await world.delivered();
    world.gateway.crash();

    world.gateway.restore(image);
    await world.gateway.start();
    world.gateway.forward(world.link);
    const after = await world.publish("after");
    await world.delivered();
    expect(await world.valuesAt()).toEqual([...before, ...between, ...after]);
  });

  it("may be cloned: original and clone go on beside each other", async () => {
    const world = await World.start();
    const shared = await world.publish("shared");
    const clone = world.node("clone", 3);
    clone.restore(world.gateway.image());
    await clone.start();
    clone.forward(world.link);
    const mine = await world.publish("mine");
    const theirs = await world.publish("theirs", clone);
    const more = await world.publish("more");
    await world.delivered();
    await world.delivered(clone);

    const held = await world.valuesAt();
    expect([...held].sort()).toEqual([...shared, ...mine, ...theirs, ...more].sort());
    expect(held.filter((value) => /^(shared|mine|more)/.test(value)))
      .toEqual([...shared, ...mine, ...more]);
  });

  it("may lose a tail it was told was synced: what comes after is not taken for it", async () => {
    const world = await World.start();
    const before = await world.publish("before");
    await world.delivered();
    world.gateway.disk.syncFault = (path) => path.endsWith(".log") ? "lie" : null;
    const lost = await world.publish("lost");
    await world.delivered();
    world.gateway.crash();
    await world.gateway.start();
    world.gateway.forward(world.link);
    const after = await world.publish("after");
    await world.delivered();

    const held = await world.valuesAt();
    expect(held.filter((value) => !value.startsWith("lost"))).toEqual([...before, ...after]);
    expect(held.filter((value) => value.startsWith("lost"))).toEqual(lost);
  });
});

describe("a centre's data directory", () => {
  it("is made whole from the gateway after an older image was put back", async () => {
    const world = await World.start();
    const before = await world.publish("before");
    await world.delivered();
    const image = world.centre.image();
    const between = await world.publish("between");
    await world.delivered();
    world.link.serve = null;
    world.centre.crash();
    world.centre.restore(image);
    await world.restartCentre(world.centre);
    const after = await world.publish("after");
    await world.delivered();
    expect(await world.valuesAt()).toEqual([...before, ...between, ...after]);
    expect(world.ledgerOf(world.gateway)).toEqual([]);
  });

  it("is made whole from the gateway after it was wiped", async () => {
    const world = await World.start();
    const before = await world.publish("before");
    await world.delivered();
    world.centre.crash();
    const empty = world.node("centre", 9);
    await world.restartCentre(empty);
    const after = await world.publish("after");
    await world.delivered();
    expect(await world.valuesAt(empty)).toEqual([...before, ...after]);
  });

  it("has it ledgered as lost where the gateway no longer holds it either", async () => {
    const world = await World.start();
    const before = await world.publish("before");
    await world.delivered();
    const image = world.centre.image();
    await world.publish("between");
    await world.delivered();
    const log = world.gateway.store.topic("logs")!.partitions[0]!;
    log.setLogStart(log.highWatermark);
    world.link.serve = null;
    world.centre.crash();
    world.centre.restore(image);
    await world.restartCentre(world.centre);
    const after = await world.publish("after");
    await world.delivered();
    await pass(world.clock, 100);

    expect(await world.valuesAt()).toEqual([...before, ...after]);
    expect(world.ledgerOf(world.gateway)).toEqual(["5-10 lost_at_receiver final"]);
    expect(world.ledgerOf(world.centre)).toEqual(["5-10 lost_at_receiver final"]);
  });
});

describe("what a gateway can no longer deliver", () => {
  it("is skipped where it was evicted, and becomes final when the centre says it lacks it", async () => {
    const world = await World.start();
    const before = await world.publish("before");
    await world.delivered();
    world.link.serve = null;
    await world.publish("evicted");
    await world.cutOff();
    await evict(world.gateway, 5, 10);
    const after = await world.publish("after");
    world.link.serve = world.centre.serve();
    await world.delivered();
    await pass(world.clock, 100);

    expect(await world.valuesAt()).toEqual([...before, ...after]);
    expect(world.ledgerOf(world.gateway)).toEqual(["5-10 evicted final"]);
    expect(world.ledgerOf(world.centre)).toEqual(["5-10 evicted final"]);
  });

  it("is asked about now and then only, while the answer cannot be ledgered", async () => {
    const world = await World.start();
    await world.publish("before");
    await world.delivered();
    world.link.serve = null;
    await world.publish("evicted");
    await world.cutOff();
    await evict(world.gateway, 5, 10);
    const { ledger } = world.gateway.store;
    const change = ledger.change.bind(ledger);
    ledger.change = () => Promise.reject(new OperatingError("storage_failed", "no ledger"));
    await world.publish("after");
    world.link.serve = world.centre.serve();
    const { requests } = world.link;
    await pass(world.clock, 90_000);
    expect(world.link.requests - requests).toBeLessThan(40);
    ledger.change = change;
    await pass(world.clock, 60_000);
    await world.delivered();
    expect(world.ledgerOf(world.gateway)).toEqual(["5-10 evicted final"]);
  });

  it("is not lost where it was on its way when it was evicted, and arrives", async () => {
    const world = await World.start();
    const before = await world.publish("before");
    await world.delivered();
    let arrive = () => {};
    const held = new Promise<void>((resolve) => arrive = resolve);
    const serve = world.centre.serve();
    const onItsWay: string[] = [];
    world.link.serve = async (request) => {
      onItsWay.push(new URL(request.url).pathname);
      await held;
      return await serve(request);
    };
    const evicted = await world.publish("evicted");
    await until(world.clock, () => onItsWay.includes("/v1/replication/append"));
    await evict(world.gateway, 5, 10);
    expect(world.ledgerOf(world.gateway)).toEqual(["5-10 evicted provisional"]);
    const after = await world.publish("after");
    arrive();
    await world.delivered();
    await pass(world.clock, 100);

    expect(await world.valuesAt()).toEqual([...before, ...evicted, ...after]);
    expect(world.ledgerOf(world.gateway)).toEqual([]);
    expect(world.ledgerOf(world.centre)).toEqual([]);
  });

  it("is not lost where the centre had it, and only the answer was", async () => {
    const world = await World.start();
    const before = await world.publish("before");
    await world.delivered();
    world.link.faults = { ...world.link.faults, loseAnswer: 1 };
    const kept = await world.publish("kept");
    await pass(world.clock, 1_000);
    world.link.serve = null;
    await evict(world.gateway, 5, 10);
    world.link.faults = { ...world.link.faults, loseAnswer: 0 };
    world.link.serve = world.centre.serve();
    const after = await world.publish("after");
    await world.delivered();
    await pass(world.clock, 100);

    expect(await world.valuesAt()).toEqual([...before, ...kept, ...after]);
    expect(world.ledgerOf(world.gateway)).toEqual([]);
    expect(world.ledgerOf(world.centre)).toEqual([]);
  });

  it("is skipped where it was damaged, and costs that batch only", async () => {
    const world = await World.start();
    world.link.serve = null;
    await world.gateway.forwarder!.stop();
    const before = await world.publish("before");
    const path = "logs-0/00000000000000000000.log";
    const position = world.gateway.disk.contents(path).length;
    await world.publish("damaged");
    const after = await world.publish("after");
    await world.gateway.stop();
    world.gateway.disk.flipBit(path, position + 70, 3);
    await world.gateway.start();
    world.gateway.forward(world.link);
    world.link.serve = world.centre.serve();
    await world.delivered();
    await pass(world.clock, 100);

    expect(await world.valuesAt()).toEqual([...before, ...after]);
    expect(world.ledgerOf(world.gateway)).toEqual(["5-10 corrupt final"]);
    expect(world.ledgerOf(world.centre)).toEqual(["5-10 corrupt final"]);
  });
});

/** What retention does, in one durable decision: an entry, and the new start of the log. */
async function evict({ store }: SimulatedNode, from: number, to: number): Promise<void> {
  const { logId } = store.logs.chain("logs", 0)[0]!;
  const range = { from, to, count: to - from, bytes: 400, minTimestamp: 1, maxTimestamp: 2 };
  await store.ledger.change({
    entries: [{
      ...range,
      logId,
      topic: "logs",
      partition: 0,
      reason: "evicted",
      state: "provisional",
    }],
    start: { directory: "logs-0", offset: to, held: from, settled: from },
  });
  store.topic("logs")!.partitions[0]!.setLogStart(to);
}
