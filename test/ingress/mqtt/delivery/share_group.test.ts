/** Shared subscriptions: every record to one member, none lost when members come and go. */
import { describe, expect, it } from "vitest";
import { MqttFixture, settle } from "../../../support/mqtt_fixture.ts";
import { HeldClient } from "../../../support/mqtt_held_client.ts";

const SHARED = "$share/g/a/#";

async function started(members: number, receiveMaximum = 100) {
  const fixture = await MqttFixture.start();
  const writer = await HeldClient.connect(fixture, { clientId: "writer" });
  const all: HeldClient[] = [];
  for (let nth = 0; nth < members; nth++) {
    const member = await HeldClient.connect(fixture, {
      clientId: `m${nth}`,
      protocolVersion: 5,
      properties: { receiveMaximum, sessionExpiryInterval: 0 },
    });
    await member.subscribe([{ topic: SHARED, qos: 1 }]);
    all.push(member);
  }
  const publish = async (from: number, to: number) => {
    for (let nth = from; nth < to; nth++) {
      writer.publish({ topic: `a/${nth}`, qos: 1, payload: `${nth}` });
    }
    await writer.until("puback", to);
    await settle();
  };
  return { fixture, writer, all, publish };
}

const payloadsOf = (clients: readonly HeldClient[]) =>
  clients.flatMap(({ publishes }) => publishes.map(({ payload }) => Number(`${payload}`)))
    .sort((a, b) => a - b);
const upTo = (count: number) => Array.from({ length: count }, (_, nth) => nth);

describe("ShareGroup", () => {
  it("hands each record to one member, in turn [MQTT-4.8.2-4]", async () => {
    const { all, publish } = await started(3);
    await publish(0, 30);
    expect(all.map(({ publishes }) => publishes.length)).toEqual([10, 10, 10]);
    expect(payloadsOf(all)).toEqual(upTo(30));
  });

  it("is one for each name and filter, beside what members subscribe to themselves", async () => {
    const { fixture, all, publish } = await started(1);
    const other = await HeldClient.connect(fixture, { clientId: "other" });
    await other.subscribe(["$share/h/a/#", "a/1"]);
    await publish(0, 3);
    expect(payloadsOf(all)).toEqual([0, 1, 2]);
    expect(payloadsOf([other])).toEqual([0, 1, 1, 2]);
  });

  it("passes over a member that has no room, and waits where none has", async () => {
    const { all, publish } = await started(2, 2);
    await publish(0, 10);
    expect(all.map(({ publishes }) => publishes.length)).toEqual([2, 2]);
    const [first] = all;
    for (let round = 0; round < 4; round++) {
      first!.acknowledge(first!.publishes.slice(2 * round));
      await settle();
    }
    expect(payloadsOf(all)).toEqual(upTo(10));
    expect(all[1]!.publishes).toHaveLength(2);
  });

  it("gives what a member left unacknowledged to another, once its session ends", async () => {
    const { all, publish } = await started(2);
    await publish(0, 6);
    const [first, second] = all;
    second!.acknowledge();
    await first!.drop();
    await settle();
    expect(payloadsOf([second!])).toEqual(upTo(6));
    await publish(6, 8);
    expect(payloadsOf([second!])).toEqual(upTo(8));
  });

  it("keeps its place while the clients of its lasting members are away", async () => {
    const fixture = await MqttFixture.start();
    const writer = await HeldClient.connect(fixture, { clientId: "writer" });
    const lasting = { clean: false, clientId: "m" };
    const member = await HeldClient.connect(fixture, lasting);
    await member.subscribe([SHARED]);
    for (let nth = 0; nth < 2; nth++) writer.publish({ topic: "a", qos: 1, payload: `${nth}` });
    member.acknowledge(await member.untilPublishes(2));
    await settle();
    await member.drop();
    for (let nth = 2; nth < 5; nth++) writer.publish({ topic: "a", qos: 1, payload: `${nth}` });
    await writer.until("puback", 5);
    await fixture.ingress.stop();
    await fixture.store.close();
    const { disk, catalogue, book } = fixture;
    const again = await MqttFixture.start({ disk, catalogue, book });
    const back = await HeldClient.connect(again, lasting);
    await back.untilPublishes(3);
    await settle();
    expect(payloadsOf([back])).toEqual([2, 3, 4]);
  });

  it("ends with its last member", async () => {
    const { fixture, all, publish } = await started(1);
    await all[0]!.unsubscribe(SHARED);
    await publish(0, 2);
    const late = await HeldClient.connect(fixture, { clientId: "late" });
    await late.subscribe([SHARED]);
    await publish(2, 3);
    expect([payloadsOf(all), payloadsOf([late])]).toEqual([[], [2]]);
  });
});
