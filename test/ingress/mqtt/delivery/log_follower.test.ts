/** Random walks of one client through live, behind and away: what it gets is what there was. */
import { describe, expect, it } from "vitest";
import { diceOf } from "../../../support/dice.ts";
import { BatchCache } from "../../../../src/ingress/mqtt/delivery/batch_cache.ts";
import { LogFollower } from "../../../../src/ingress/mqtt/delivery/log_follower.ts";
import { HeldSubscription } from "../../../../src/ingress/mqtt/delivery/subscription.ts";
import { MqttFixture, settle } from "../../../support/mqtt_fixture.ts";
import { HeldClient } from "../../../support/mqtt_held_client.ts";

const LASTING = { clean: false, clientId: "lasting", protocolVersion: 5 } as const;
const connect = (fixture: MqttFixture, receiveMaximum: number) =>
  HeldClient.connect(fixture, {
    ...LASTING,
    properties: { sessionExpiryInterval: 1_000, receiveMaximum },
  });

describe("LogFollower", () => {
  it.each([
    ["the client does", {}],
    // About as much as a commit of a few records.
    ["it is handed", { freshBytesMax: 250 }],
  ])("gives each record once and in its partition's order, whatever %s", async (_, limits) => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const dice = diceOf(seed);
    const fixture = await MqttFixture.start({ partitions: 3, seed, limits });
    const writer = await HeldClient.connect(fixture, { clientId: "writer" });
    let reader = await connect(fixture, 5);
    await reader.subscribe([{ topic: "a/#", qos: 1 }]);
    const names = ["a/0", "a/1", "a/2", "a/3", "b/0"];
    const published = new Map(names.map((name) => [name, 0]));
    const got = new Map(names.map((name) => [name, [] as number[]]));
    const take = () => {
      for (const publish of reader.publishes) {
        const numbers = got.get(publish.topic)!;
        const number = Number(`${publish.payload}`);
        // One sent again was not acknowledged: it may have been seen.
        if (!publish.dup || !numbers.includes(number)) numbers.push(number);
      }
      const all = reader.publishes;
      reader.forget();
      reader.acknowledge(all);
    };
    for (let step = 0; step < 150; step++) {
      const draw = dice();
      if (draw < 0.7) {
        const name = names[Math.floor(dice() * names.length)]!;
        const number = published.get(name)!;
        published.set(name, number + 1);
        writer.publish({ topic: name, qos: 1, payload: `${number}` });
      } else if (draw < 0.9) {
        await settle();
        take();
      } else {
        await reader.drop();
        if (dice() < 0.5) await settle();
        reader = await connect(fixture, 1 + Math.floor(dice() * 8));
        expect(reader.sessionPresent, `seed ${seed}`).toBe(true);
      }
    }
    for (let turn = 0; turn < 200; turn++) {
      await settle();
      if (reader.publishes.length === 0 && turn > 5) break;
      take();
    }
    published.set("b/0", 0);
    for (const [name, count] of published) {
      expect(got.get(name), `seed ${seed} ${name}`)
        .toEqual(Array.from({ length: count }, (_, nth) => nth));
    }
  });

  it("counts what retention took before it came back, and goes on behind it", async () => {
    const fixture = await MqttFixture.start();
    const writer = await HeldClient.connect(fixture, { clientId: "writer" });
    const first = await connect(fixture, 10);
    await first.subscribe(["a"]);
    await first.drop();
    for (let nth = 0; nth < 5; nth++) {
      writer.publish({ topic: "a", qos: 1, payload: `${nth}` });
    }
    await writer.until("puback", 5);
    fixture.store.topic("logs")!.partitions[0]!.setLogStart(3);
    const second = await connect(fixture, 10);
    await second.untilPublishes(2);
    await settle();
    expect(second.messages).toEqual(["a 3", "a 4"]);
  });

  it("takes its share of the memory for names only while it reads", async () => {
    const fixture = await MqttFixture.start();
    const writer = await HeldClient.connect(fixture, { clientId: "writer" });
    writer.publish({ topic: "a", qos: 1 });
    await writer.until("puback", 1);
    const log = fixture.store.topic("logs")!.partitions[0]!;
    const readers = { count: 0 };
    const cache = new BatchCache(fixture.store.core, () => {
      throw new Error("nothing is compressed");
    });
    const services = { cache, readers, position: () => log.highWatermark, keyIsTopic: () => true };
    const options = { filter: "#", qos: 1, noLocal: false, retainAsPublished: false } as const;
    const held = new HeldSubscription(
      { ...options, retainHandling: 0, identifier: null },
      new Map(),
    );
    let hasRoom = false;
    const follower = new LogFollower(services, {
      ...{ hasRoom: true, plain: null, subscriptions: () => [held], missed: () => {} },
      deliver: () => hasRoom,
    });
    follower.follow(log, 0);
    expect([await follower.step(), readers.count]).toEqual([false, 1]);
    follower.end([log]);
    expect(readers.count).toBe(0);
    await follower.step();
    follower.subscriptionsChanged();
    hasRoom = true;
    expect([await follower.step(), follower.isBehind, readers.count]).toEqual([false, false, 0]);
  });
});
