import { describe, expect, it } from "vitest";
import { utf8 } from "../../../../src/base/bytes.ts";
import { Message } from "../../../../src/ingress/mqtt/delivery/message.ts";
import { publishHeaders } from "../../../../src/ingress/mqtt/publish_headers.ts";

const name = utf8("a/b");

function published(facts: Partial<Parameters<typeof publishHeaders>[0]>): Message {
  const headers = publishHeaders({
    clientId: "c1",
    qos: 1,
    retain: false,
    topicName: null,
    properties: {},
    userProperties: [],
    ...facts,
  });
  return new Message(name, { timestamp: 10_000, key: name, value: utf8("v"), headers });
}

describe("Message", () => {
  it("reads back what the headers of a publish say", () => {
    expect(published({ qos: 2, retain: true, properties: { messageExpiryInterval: 70 } }))
      .toMatchObject({ topicName: name, payload: utf8("v"), qos: 2, retain: true, expiryS: 70 });
    expect(published({ qos: 0 })).toMatchObject({ qos: 0, retain: false, expiryS: null });
  });

  it("is of QoS 1, and from nobody, where no MQTT client published it", () => {
    const message = new Message(name, { timestamp: 0, key: name, value: null, headers: [] });
    expect(message).toMatchObject({ qos: 1, clientId: null, payload: new Uint8Array(0) });
    expect(message.isFrom(utf8("c1"))).toBe(false);
  });

  it("takes a QoS no publisher could have meant for one that is", () => {
    const of = (text: string) =>
      new Message(name, {
        timestamp: 0,
        key: name,
        value: null,
        headers: [["mqtt.qos", utf8(text)]],
      }).qos;
    expect(["9", "!", "", "2"].map(of)).toEqual([2, 0, 1, 2]);
  });

  it("knows its publisher, byte by byte", () => {
    expect(published({}).isFrom(utf8("c1"))).toBe(true);
    expect(published({}).isFrom(utf8("c2"))).toBe(false);
  });

  it("counts down its expiry in whole seconds, and never up", () => {
    const message = published({ properties: { messageExpiryInterval: 5 } });
    expect([9_000, 10_000, 10_999, 11_000, 15_000, 99_000].map((ms) => message.secondsLeft(ms)))
      .toEqual([5, 5, 5, 4, 0, -84]);
    expect(published({}).secondsLeft(1e15)).toBeNull();
  });
});
