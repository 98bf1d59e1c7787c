import { describe, expect, it } from "vitest";
import { MqttFixture } from "../../../support/mqtt_fixture.ts";
import { HeldClient } from "../../../support/mqtt_held_client.ts";
import { packetOf } from "../../../support/mqtt_packets.ts";

describe("handleSubscribe()", () => {
  it("grants each filter what was asked for, in order [MQTT-3.8.4-6]", async () => {
    const fixture = await MqttFixture.start();
    for (const protocolVersion of [4, 5] as const) {
      const client = await HeldClient.connect(fixture, { protocolVersion });
      const asked = [{ topic: "a/#", qos: 2 }, { topic: "b", qos: 0 }, { topic: "+", qos: 1 }];
      expect(await client.subscribe(asked as Parameters<typeof client.subscribe>[0]))
        .toEqual([2, 0, 1]);
    }
  });

  it("refuses a filter that cannot be, and grants those beside it", async () => {
    const fixture = await MqttFixture.start();
    const asked = ["a/#/b", "a+", "a/#", "$share//x", "$share/g+/x", "$share/g", "$share/g/x"];
    const five = await HeldClient.connect(fixture, { protocolVersion: 5 });
    expect(await five.subscribe(asked)).toEqual([0x8f, 0x8f, 1, 0x8f, 0x8f, 0x8f, 1]);
    const four = await HeldClient.connect(fixture, { clientId: "four" });
    expect(await four.subscribe(asked)).toEqual([0x80, 0x80, 1, 0x80, 0x80, 0x80, 1]);
  });

  it("takes no-local on a shared subscription for a protocol error [MQTT-3.8.3-4]", async () => {
    const fixture = await MqttFixture.start();
    const client = await HeldClient.connect(fixture, { protocolVersion: 5 });
    const subscriptions = [{ topic: "$share/g/a", qos: 1 as const, nl: true }];
    client.connection.push(packetOf({ cmd: "subscribe", messageId: 1, subscriptions }, 5));
    await client.connection.untilClosed();
    expect(client.packets).toMatchObject([{ cmd: "disconnect", reasonCode: 0x82 }]);
  });

  it("refuses who may not subscribe, and lets it publish", async () => {
    const authenticate = () => ({ mayPublish: true, maySubscribe: false });
    const fixture = await MqttFixture.start({ authenticate });
    const client = await HeldClient.connect(fixture, { protocolVersion: 5 });
    expect(await client.subscribe(["a"])).toEqual([0x87]);
    client.publish({ topic: "a", qos: 1 });
    expect(await client.until("puback", 1)).toMatchObject([{ reasonCode: 0 }]);
  });

  it("refuses who may not publish, and lets it subscribe", async () => {
    const authenticate = () => ({ mayPublish: false, maySubscribe: true });
    const fixture = await MqttFixture.start({ authenticate });
    const client = await HeldClient.connect(fixture, { protocolVersion: 5 });
    expect(await client.subscribe(["a"])).toEqual([1]);
    for (const qos of [1, 2] as const) client.publish({ topic: "a", qos });
    expect(await client.until("puback", 1)).toMatchObject([{ reasonCode: 0x87 }]);
    expect(await client.until("pubrec", 1)).toMatchObject([{ reasonCode: 0x87 }]);
    expect(await fixture.values("logs")).toEqual([]);
  });

  it("refuses more subscriptions than one client may have", async () => {
    const fixture = await MqttFixture.start();
    const client = await HeldClient.connect(fixture, { protocolVersion: 5 });
    const asked = Array.from({ length: 1_001 }, (_, nth) => `t/${nth}`);
    const granted = await client.subscribe(asked);
    expect(granted.slice(0, 1_000).every((code) => code === 1)).toBe(true);
    expect(granted[1_000]).toBe(0x97);
    expect(await client.subscribe(["t/0"]), "one it has may be asked for again").toEqual([1]);
  });
});
