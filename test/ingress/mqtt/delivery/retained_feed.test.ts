import { describe, expect, it } from "vitest";
import { utf8 } from "../../../../src/base/bytes.ts";
import { Message } from "../../../../src/ingress/mqtt/delivery/message.ts";
import { RetainedFeed } from "../../../../src/ingress/mqtt/delivery/retained_feed.ts";
import { HeldSubscription } from "../../../../src/ingress/mqtt/delivery/subscription.ts";
import { MqttFixture, settle } from "../../../support/mqtt_fixture.ts";
import { HeldClient } from "../../../support/mqtt_held_client.ts";

const subscribed = (filter: string) =>
  new HeldSubscription({
    ...{ filter, qos: 1, noLocal: false, retainAsPublished: false } as const,
    ...{ retainHandling: 0, identifier: null } as const,
  }, new Map());
const HELD = subscribed("#");
const OTHER = subscribed("+");

const message = (name: string) =>
  new Message(utf8(name), { timestamp: 0, key: null, value: utf8("v"), headers: [] });

function started(room: { left: number }) {
  const sent: string[] = [];
  const feed = new RetainedFeed({
    optionsFor: () => ({ qos: 1, retain: false, identifiers: [] }),
    sendInline: ({ topicName }, { retain }) => {
      if (room.left === 0) return false;
      room.left -= 1;
      sent.push(`${new TextDecoder().decode(topicName)} ${retain}`);
      return true;
    },
  });
  return { feed, sent };
}

describe("RetainedFeed.step()", () => {
  it("sends with RETAIN set, as far as there is room, and goes on there", async () => {
    const room = { left: 2 };
    const { feed, sent } = started(room);
    feed.add(() => [message("a"), message("b"), message("c")], HELD);
    feed.add(() => [message("d")], OTHER);
    expect(await feed.step()).toBe(false);
    expect([sent, feed.any]).toEqual([["a true", "b true"], true]);
    room.left = 9;
    expect(await feed.step()).toBe(true);
    expect([sent, feed.any]).toEqual([["a true", "b true", "c true", "d true"], false]);
  });

  it("gives up what is on its way when the client is gone", async () => {
    const { feed, sent } = started({ left: 9 });
    let release!: () => void;
    const held = new Promise<void>((resolve) => release = resolve);
    feed.add(async function* () {
      await held;
      yield message("late");
    }, HELD);
    const step = feed.step();
    feed.clear();
    release();
    await step;
    expect([sent, feed.any]).toEqual([[], false]);
  });

  it("begins again where the client comes back, and sends nothing for a filter given up", async () => {
    const room = { left: 1 };
    const { feed, sent } = started(room);
    feed.add(() => [message("a"), message("b")], HELD);
    feed.add(() => [message("c")], OTHER);
    expect(await feed.step()).toBe(false);
    feed.beginAgain();
    room.left = 1;
    expect(await feed.step()).toBe(false);
    feed.remove(subscribed("#"));
    room.left = 9;
    await feed.step();
    expect([sent, feed.any]).toEqual([["a true", "a true", "c true"], false]);
  });
});

describe("RetainedFeed: after a SUBSCRIBE", () => {
  it("sends retained messages by retain handling [MQTT-3.3.1-9, -10, -11]", async () => {
    const fixture = await MqttFixture.start();
    const client = await HeldClient.connect(fixture, { protocolVersion: 5 });
    client.publish({ topic: "a/1", qos: 1, retain: true, payload: "kept" });
    await client.until("puback", 1);
    const got: (string | boolean)[][] = [];
    for (const rh of [0, 0, 1, 2]) {
      await client.subscribe([{ topic: "a/#", rh }]);
      await settle();
      got.push(client.publishes.map(({ topic, retain }) => `${topic} ${retain}`));
      client.acknowledge();
      client.forget();
    }
    await client.unsubscribe("a/#");
    await client.subscribe([{ topic: "a/#", rh: 1 }]);
    await settle();
    got.push(client.messages);
    await client.subscribe(["$share/g/a/#"]);
    await settle();
    got.push(client.messages);
    expect(got).toEqual([["a/1 true"], ["a/1 true"], [], [], ["a/1 kept"], []]);
  });

  it("sends the rest to a session that lasts when its client is back, however long it was away", async () => {
    const fixture = await MqttFixture.start();
    const options = {
      ...{ clientId: "r", clean: false, protocolVersion: 5 } as const,
      properties: { receiveMaximum: 2, sessionExpiryInterval: 100 },
    };
    const first = await HeldClient.connect(fixture, options);
    for (let nth = 0; nth < 5; nth++) {
      first.publish({ topic: `a/${nth}`, qos: 1, retain: true, payload: "v" });
    }
    await first.until("puback", 5);
    await first.subscribe(["a/#"]);
    await first.untilPublishes(2);
    await first.drop();
    await fixture.pass(20);
    const second = await HeldClient.connect(fixture, options);
    const seen = new Set<string>();
    for (let round = 0; round < 20; round++) {
      await settle();
      const all = second.publishes;
      for (const { topic } of all) seen.add(topic);
      second.forget();
      second.acknowledge(all);
    }
    expect([...seen].sort()).toEqual(["a/0", "a/1", "a/2", "a/3", "a/4"]);
  });

  it("sends all of very many to a client that takes few at a time", async () => {
    const fixture = await MqttFixture.start();
    const writer = await HeldClient.connect(fixture, { clientId: "w" });
    for (let nth = 0; nth < 40; nth++) {
      writer.publish({ topic: `a/${nth}`, qos: 1, retain: true, payload: "v" });
    }
    await writer.until("puback", 40);
    const reader = await HeldClient.connect(fixture, {
      protocolVersion: 5,
      properties: { receiveMaximum: 3 },
    });
    await reader.subscribe(["a/#"]);
    const seen = new Set<string>();
    for (let round = 0; round < 60 && seen.size < 40; round++) {
      await settle();
      const all = reader.publishes;
      for (const { topic } of all) seen.add(topic);
      reader.forget();
      reader.acknowledge(all);
    }
    expect(seen.size).toBe(40);
  });
});
