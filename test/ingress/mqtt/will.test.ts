/** A will is published when, and only when, a client vanishes. */
import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import type { IConnectPacket } from "mqtt-packet";
import { utf8 } from "../../../src/base/bytes.ts";
import { willOf } from "../../../src/ingress/mqtt/will.ts";
import { MqttFixture, settle } from "../../support/mqtt_fixture.ts";

const WILL = { topic: "w", payload: "gone", qos: 1, retain: true } as const;

describe("willOf()", () => {
  it("copies what it keeps, since the packet's bytes are overwritten", () => {
    const topicName = utf8("w");
    // As the parser gives them: a Buffer's slice() is a view.
    const payload = Buffer.from("gone");
    const correlationData = Buffer.from("id");
    const properties = { correlationData };
    const packet = { will: { topic: "w", payload, properties } } as unknown as IConnectPacket;
    const will = willOf(packet, { topicName, userProperties: [] });
    for (const bytes of [topicName, payload, correlationData]) bytes.fill(0);
    expect(will).toMatchObject({
      topicName: { bytes: utf8("w"), text: "w" },
      payload: utf8("gone"),
      qos: 0,
      retain: false,
      properties: { correlationData: utf8("id") },
    });
  });

  it("is null without one, and invalid with a topic name of the server's own", () => {
    const packet = (will?: object) => ({ will }) as unknown as IConnectPacket;
    const exact = { topicName: utf8("$x"), userProperties: [] };
    expect(willOf(packet(), exact)).toBeNull();
    expect(willOf(packet({ topic: "$x", payload: "" }), exact)).toBe("invalid");
  });
});

describe("a will", () => {
  it("becomes a record when the connection breaks", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect({ will: WILL, clientId: "dev" });
    connection.push(null);
    await settle();
    const [record] = await fixture.records("logs");
    expect(new TextDecoder().decode(record!.value!)).toBe("gone");
    expect(record!.headers.map(([name, value]) => [name, new TextDecoder().decode(value!)]))
      .toEqual([["mqtt.client_id", "dev"], ["mqtt.qos", "1"], ["mqtt.retain", "1"]]);
  });

  it("becomes a record when the client is silent, malformed or taken over", async () => {
    const fixture = await MqttFixture.start();
    await fixture.connect({ will: { ...WILL, payload: "silent" }, keepalive: 1, clientId: "a" });
    await fixture.pass(5);
    const bad = await fixture.connect({ will: { ...WILL, payload: "bad" }, clientId: "b" });
    bad.push(Uint8Array.of(0, 0));
    await bad.untilClosed();
    await fixture.connect({ will: { ...WILL, payload: "older" }, clientId: "c" });
    await fixture.connect({ clientId: "c" });
    await settle();
    expect(await fixture.values("logs")).toEqual(["silent", "bad", "older"]);
  });

  it("is published when the node stops, and durable by then", async () => {
    const fixture = await MqttFixture.start();
    await fixture.connect({ will: WILL });
    await fixture.ingress.stop();
    expect(await fixture.values("logs")).toEqual(["gone"]);
  });
});
