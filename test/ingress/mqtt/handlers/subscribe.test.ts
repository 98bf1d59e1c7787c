import { describe, expect, it } from "vitest";
import { toHex } from "../../../../src/base/bytes.ts";
import { MqttFixture } from "../../../support/mqtt_fixture.ts";
import { packetOf, publishPacket } from "../../../support/mqtt_packets.ts";

const SUBSCRIBE = {
  cmd: "subscribe",
  messageId: 5,
  subscriptions: [{ topic: "a/#", qos: 1 }, { topic: "b", qos: 0 }],
} as const;

describe("handleSubscribe()", () => {
  it("refuses each filter, and keeps the connection", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect();
    connection.push(packetOf({ ...SUBSCRIBE, subscriptions: [...SUBSCRIBE.subscriptions] }));
    await connection.untilWritten(6);
    expect(toHex(connection.written)).toBe("900400058080");
    connection.push(publishPacket({ topic: "a", qos: 1, messageId: 1 }));
    await connection.untilWritten(10);
  });

  it("says quota exceeded in MQTT 5", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect({ protocolVersion: 5 });
    connection.push(packetOf({ ...SUBSCRIBE, subscriptions: [...SUBSCRIBE.subscriptions] }, 5));
    await connection.untilWritten(7);
    expect(toHex(connection.written)).toBe("90050005009797");
  });

  it("says topic filter invalid in MQTT 5 of one that cannot be", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect({ protocolVersion: 5 });
    const topics = ["a/#/b", "a+", "a/#"];
    const subscriptions = topics.map((topic) => ({ topic, qos: 1 as const }));
    connection.push(packetOf({ ...SUBSCRIBE, subscriptions }, 5));
    await connection.untilWritten(8);
    expect(toHex(connection.written)).toBe("90060005008f8f97");
  });
});

describe("handleUnsubscribe()", () => {
  it("answers, and says in MQTT 5 that there was nothing", async () => {
    const fixture = await MqttFixture.start();
    const packet = { cmd: "unsubscribe", messageId: 6, unsubscriptions: ["a", "b"] } as const;
    const four = await fixture.connect();
    four.push(packetOf({ ...packet, unsubscriptions: ["a", "b"] }));
    await four.untilWritten(4);
    expect(toHex(four.written)).toBe("b0020006");
    const five = await fixture.connect({ protocolVersion: 5, clientId: "five" });
    five.push(packetOf({ ...packet, unsubscriptions: ["a", "b"] }, 5));
    await five.untilWritten(7);
    expect(toHex(five.written)).toBe("b0050006001111");
  });
});
