/** When records are sent without being looked at, and that nobody can tell. */
import { describe, expect, it } from "vitest";
import { PlainSending } from "../../../../src/ingress/mqtt/delivery/plain_sending.ts";
import type { DeliveryLog } from "../../../../src/ingress/mqtt/delivery/batch_cache.ts";
import type { Outbox } from "../../../../src/ingress/mqtt/delivery/outbox.ts";
import {
  HeldSubscription,
  type SubscriptionOptions,
} from "../../../../src/ingress/mqtt/delivery/subscription.ts";
import { MqttFixture, settle } from "../../../support/mqtt_fixture.ts";
import { HeldClient } from "../../../support/mqtt_held_client.ts";

const LOG = { topic: "logs", index: 0, handle: 3 } as DeliveryLog;
const HOW = { keyIsTopic: true, old: false };

function held(options: Partial<SubscriptionOptions>, since: [number, number][] = []) {
  return new HeldSubscription(
    {
      ...{ filter: "a", qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 },
      ...{ identifier: null, ...options },
    },
    new Map(since),
  );
}

function sendingOf(subscriptions: HeldSubscription[], version: 4 | 5 | null = 5) {
  const subscriber = version === null ? null : { protocolVersion: version, maximumPacketSize: 10 };
  const outbox = { subscriber } as Outbox;
  const sending = new PlainSending({ subscriptions: () => subscriptions, outbox });
  return { sending, form: () => sending.form(LOG, 100, HOW) };
}

describe("PlainSending.form()", () => {
  it("is the same object until something changes", () => {
    const subscriptions = [held({}), held({ filter: "b/#" })];
    const { sending, form } = sendingOf(subscriptions);
    const first = form();
    expect(first).toMatchObject({ version: 5, qos: 1, keyIsTopic: true, withoutQos0: false });
    expect([...first!.filters]).toEqual([1, 0, 0x61, 3, 0, 0x62, 0x2f, 0x23]);
    expect(form()).toBe(first);
    expect(sending.form(LOG, 100, { ...HOW, old: true })!.key).not.toBe(first!.key);
    subscriptions.pop();
    sending.subscriptionsChanged();
    expect(form()!.key).not.toBe(first!.key);
  });

  it("says the identifier of the only subscription to MQTT 5", () => {
    expect([...sendingOf([held({ identifier: 300 })]).form()!.properties])
      .toEqual([3, 0x0b, 0xac, 0x02]);
    expect([...sendingOf([held({})]).form()!.properties]).toEqual([0]);
    expect(sendingOf([held({})], 4).form()!.properties).toHaveLength(0);
  });

  it("is null where records have to be looked at one by one", () => {
    const cases: [string, HeldSubscription[], (4 | 5 | null)?][] = [
      ["nobody is there", [held({})], null],
      ["nothing is subscribed to", []],
      ["no local", [held({ noLocal: true })]],
      ["retain as published", [held({ retainAsPublished: true })]],
      ["two QoS", [held({}), held({ filter: "b", qos: 0 })]],
      ["identifiers of several", [held({ identifier: 1 }), held({ filter: "b", identifier: 2 })]],
      ["not from there on", [held({}, [[3, 101]])]],
      ["many", Array.from({ length: 17 }, (_, nth) => held({ filter: `a/${nth}` }))],
      ["long", Array.from({ length: 3 }, (_, nth) => held({ filter: `${nth}`.repeat(4_000) }))],
    ];
    for (const [why, subscriptions, version = 5] of cases) {
      expect(sendingOf(subscriptions, version).form(), why).toBeNull();
    }
    expect(sendingOf([held({}, [[3, 100], [4, 500]])]).form()).not.toBeNull();
  });

  it("takes() what is not larger than the client wants", () => {
    const { sending } = sendingOf([held({})]);
    const page = { from: 0, end: 1, nextOffset: 1, runs: [], isAll: true, isGone: false };
    expect(sending.takes({ ...page, largestPacket: 10 })).toBe(true);
    expect(sending.takes({ ...page, largestPacket: 11 })).toBe(false);
  });
});

describe("a client that was away", () => {
  it.each([[4, undefined], [5, undefined], [5, 30]] as const)(
    "is sent plain messages and others in their order: MQTT %d, packets up to %s",
    async (protocolVersion, maximumPacketSize) => {
      const fixture = await MqttFixture.start();
      const five = protocolVersion === 5
        ? {
          properties: {
            sessionExpiryInterval: 100,
            ...(maximumPacketSize && { maximumPacketSize }),
          },
        }
        : {};
      const lasting = { clean: false, clientId: "lasting", protocolVersion, ...five };
      const reader = await HeldClient.connect(fixture, lasting);
      await reader.subscribe([{ topic: "a/#", qos: 1 }, { topic: "b", qos: 1 }]);
      await reader.drop();
      const writer = await HeldClient.connect(fixture, { protocolVersion: 5 });
      const expected: string[] = [];
      const publish = (topic: string, payload: string, properties = {}) => {
        writer.publish({ topic, payload, qos: 1, properties });
        const fits = maximumPacketSize === undefined || payload.length < 20;
        if (topic !== "c" && fits) expected.push(`${topic} ${payload}`);
      };
      for (let round = 0; round < 4; round++) {
        for (let nth = 0; nth < 5; nth++) publish(`a/${nth}`, `${round}`);
        publish("a/user", `${round}`, { userProperties: { x: `${round}` } });
        publish("c", `${round}`);
        publish("a/ü", `${round}`);
        publish("b", `${round}`, { messageExpiryInterval: 1_000 });
        publish("b", "x".repeat(40));
        writer.publish({ topic: "a/0", payload: "nobody waits for it", qos: 0 });
        await settle();
      }
      await writer.until("puback", 40);
      const again = await HeldClient.connect(fixture, { ...lasting });
      expect(again.sessionPresent).toBe(true);
      await again.untilPublishes(expected.length);
      expect(again.messages).toEqual(expected);
      const user = again.publishes.filter(({ topic }) => topic === "a/user");
      expect(user.map(({ properties }) => properties?.userProperties?.["x"])).toEqual(
        [0, 1, 2, 3].map((round) => protocolVersion === 5 ? `${round}` : undefined),
      );
      again.acknowledge();
      await settle();
      await again.drop();
      const third = await HeldClient.connect(fixture, { ...lasting });
      await settle();
      expect(third.messages, "all was acknowledged").toEqual([]);
    },
  );

  it("is sent again what it did not acknowledge, under the same identifiers", async () => {
    const fixture = await MqttFixture.start();
    const lasting = { clean: false, clientId: "lasting" };
    const reader = await HeldClient.connect(fixture, lasting);
    await reader.subscribe(["a"]);
    await reader.drop();
    const writer = await HeldClient.connect(fixture);
    for (let nth = 0; nth < 6; nth++) writer.publish({ topic: "a", qos: 1, payload: `${nth}` });
    await writer.until("puback", 6);
    const second = await HeldClient.connect(fixture, lasting);
    const first = await second.untilPublishes(6);
    second.acknowledge([first[1]!, first[4]!]);
    await settle();
    await second.drop();
    const third = await HeldClient.connect(fixture, lasting);
    const again = await third.untilPublishes(4);
    await settle();
    expect(again.map(({ messageId, payload, dup }) => [messageId, `${payload}`, dup])).toEqual(
      [0, 2, 3, 5].map((nth) => [first[nth]!.messageId, `${nth}`, true]),
    );
  });
});
