/** One session's queue, seen from its client: what comes, what does not, and in which order. */
import { Buffer } from "node:buffer";
import type { IPublishPacket } from "mqtt-packet";
import { describe, expect, it } from "vitest";
import { MqttFixture, settle } from "../../../support/mqtt_fixture.ts";
import { HeldClient } from "../../../support/mqtt_held_client.ts";

const FIVE = { protocolVersion: 5 } as const;
const LASTING = { clean: false, clientId: "lasting" } as const;

async function pair(options: Parameters<typeof HeldClient.connect>[1] = {}) {
  const fixture = await MqttFixture.start();
  const reader = await HeldClient.connect(fixture, { clientId: "reader", ...options });
  const writer = await HeldClient.connect(fixture, { ...FIVE, clientId: "writer" });
  return { fixture, reader, writer };
}

describe("SessionQueue: what comes", () => {
  it("comes with the lesser of two QoS [MQTT-3.8.4-8]", async () => {
    const { reader, writer } = await pair();
    await reader.subscribe(([0, 1, 2] as const).map((qos) => ({ topic: `${qos}/#`, qos })));
    for (const granted of [0, 1, 2]) {
      for (const qos of [0, 1, 2] as const) writer.publish({ topic: `${granted}/${qos}`, qos });
    }
    const publishes = await reader.untilPublishes(9);
    for (const { topic, qos } of publishes) {
      const [granted, published] = topic.split("/").map(Number);
      expect(qos, topic).toBe(Math.min(granted!, published!));
    }
    expect(publishes.map(({ topic }) => topic)).toEqual(
      ["0/0", "0/1", "0/2", "1/0", "1/1", "1/2", "2/0", "2/1", "2/2"],
    );
  });

  it("comes once the record is durable, and not before", async () => {
    const { fixture, reader, writer } = await pair();
    await reader.subscribe(["a"]);
    const release = fixture.disk.holdSyncs();
    for (const qos of [0, 1] as const) writer.publish({ topic: "a", qos });
    await settle();
    expect(reader.publishes).toEqual([]);
    release();
    await reader.untilPublishes(2);
  });

  it("comes once for filters that overlap, with the most QoS and all identifiers", async () => {
    const { reader, writer } = await pair(FIVE);
    await reader.subscribe([{ topic: "a/#", qos: 0 }], 7);
    await reader.subscribe([{ topic: "+/b", qos: 2 }], 300);
    await reader.subscribe([{ topic: "a/b", qos: 1 }]);
    writer.publish({ topic: "a/b", qos: 2 });
    await reader.untilPublishes(1);
    await settle();
    const [{ qos, properties }, ...more] = reader.publishes as [IPublishPacket];
    expect(more).toEqual([]);
    expect(qos).toBe(2);
    expect([...properties!.subscriptionIdentifier as unknown as number[]].sort()).toEqual([300, 7]);
  });

  it("keeps RETAIN only where that was asked for [MQTT-3.3.1-12, -13]", async () => {
    const { reader, writer } = await pair(FIVE);
    await reader.subscribe([{ topic: "a", rap: false }, { topic: "b", rap: true }]);
    for (const topic of ["a", "b"]) {
      for (const retain of [false, true]) writer.publish({ topic, retain });
    }
    const flags = (await reader.untilPublishes(4)).map(({ topic, retain }) => [topic, retain]);
    expect(flags).toEqual([["a", false], ["a", false], ["b", false], ["b", true]]);
  });

  it("does not come back to its publisher under no-local [MQTT-3.8.3-3]", async () => {
    const { reader, writer } = await pair(FIVE);
    await reader.subscribe([{ topic: "a", nl: true }, { topic: "b" }]);
    for (const topic of ["a", "b"]) {
      reader.publish({ topic, payload: "own" });
      writer.publish({ topic, payload: "other" });
    }
    await reader.untilPublishes(3);
    await settle();
    expect(reader.messages.sort()).toEqual(["a other", "b other", "b own"]);
  });

  it("carries every property on, and what is left of its expiry", async () => {
    const { fixture, reader, writer } = await pair(FIVE);
    await reader.subscribe(["a"]);
    const properties = {
      payloadFormatIndicator: true,
      contentType: "text/plain",
      responseTopic: "answers",
      correlationData: Buffer.from([0, 255]),
      userProperties: { k: ["1", "2"], l: "ü" },
    };
    const release = fixture.disk.holdSyncs();
    writer.publish({ topic: "a", properties: { ...properties, messageExpiryInterval: 60 } });
    await settle();
    fixture.clock.advance(10_500);
    release();
    const [publish] = await reader.untilPublishes(1);
    const { messageExpiryInterval, correlationData, ...rest } = publish!.properties!;
    expect(messageExpiryInterval).toBe(50);
    expect([...correlationData!]).toEqual([0, 255]);
    const { correlationData: _, ...said } = properties;
    expect({ ...rest, userProperties: { ...rest.userProperties } }).toEqual(said);
  });

  it("does not come where it expired, or is larger than the client takes", async () => {
    const { fixture, reader, writer } = await pair({
      ...FIVE,
      properties: { maximumPacketSize: 100 },
    });
    await reader.subscribe(["a"]);
    const release = fixture.disk.holdSyncs();
    writer.publish({ topic: "a", payload: "x", properties: { messageExpiryInterval: 5 } });
    await settle();
    fixture.clock.advance(6_000);
    release();
    writer.publish({ topic: "a", qos: 1, payload: "y".repeat(100) });
    writer.publish({ topic: "a", qos: 1, payload: "z" });
    await reader.untilPublishes(1);
    expect(reader.messages).toEqual(["a z"]);
  });

  it("begins with the SUBSCRIBE, and goes on when a filter is asked for again", async () => {
    const { reader, writer } = await pair();
    writer.publish({ topic: "a", qos: 1, payload: "before" });
    await writer.until("puback", 1);
    await reader.subscribe(["a"]);
    writer.publish({ topic: "a", qos: 1, payload: "after" });
    await reader.untilPublishes(1);
    await reader.subscribe([{ topic: "a", qos: 2 }]);
    writer.publish({ topic: "a", qos: 2, payload: "again" });
    await reader.untilPublishes(1);
    expect(reader.publishes).toMatchObject([{ qos: 2 }]);
    expect(reader.messages).toEqual(["a again"]);
  });
});

describe("SessionQueue: who is slow", () => {
  it("has no more in flight than it allows, and gets the rest in order", async () => {
    const { reader, writer } = await pair({ ...FIVE, properties: { receiveMaximum: 3 } });
    await reader.subscribe(["a"]);
    const payloads = Array.from({ length: 50 }, (_, nth) => `${nth}`);
    for (const payload of payloads) writer.publish({ topic: "a", qos: 1, payload });
    const seen: string[] = [];
    while (seen.length < payloads.length) {
      const publishes = await reader.untilPublishes(1);
      await settle();
      expect(reader.publishes.length).toBeLessThanOrEqual(3);
      const all = reader.publishes;
      expect(publishes.length).toBeGreaterThan(0);
      seen.push(...all.map(({ payload }) => `${payload}`));
      reader.forget();
      reader.acknowledge(all);
    }
    expect(seen).toEqual(payloads);
  });

  it("costs nothing but its place: it reads on from the log, where nothing is lost", async () => {
    const { fixture, reader, writer } = await pair();
    await reader.subscribe([{ topic: "a", qos: 0 }]);
    reader.connection.holdWrites();
    const payload = "x".repeat(20_000);
    for (let nth = 0; nth < 60; nth++) {
      writer.publish({ topic: "a", qos: 1, payload: `${nth} ${payload}` });
    }
    await writer.until("puback", 60);
    await settle();
    const held = reader.connection.written.length;
    expect(held, "what the transport took, and no more").toBeLessThan(400_000);
    reader.connection.releaseWrites();
    const publishes = await reader.untilPublishes(60);
    expect(publishes.map(({ payload: said }) => Number(`${said}`.split(" ")[0])))
      .toEqual(Array.from({ length: 60 }, (_, nth) => nth));
    writer.publish({ topic: "a", payload: "live again" });
    await reader.untilPublishes(61);
    expect(fixture.ingress.connections).toBe(2);
  });
});

describe("SessionQueue: who was away", () => {
  it("gets what it missed with QoS 1 and 2, and nothing of QoS 0", async () => {
    const { fixture, writer } = await pair();
    const first = await HeldClient.connect(fixture, LASTING);
    await first.subscribe([{ topic: "a/#", qos: 2 }, { topic: "zero", qos: 0 }]);
    await first.drop();
    for (const qos of [0, 1, 2] as const) {
      writer.publish({ topic: "a/b", qos, payload: `${qos}` });
      writer.publish({ topic: "other", qos, payload: `${qos}` });
      writer.publish({ topic: "zero", qos, payload: `${qos}` });
    }
    await writer.until("puback", 3);
    await writer.until("pubrec", 3);
    const second = await HeldClient.connect(fixture, LASTING);
    expect(second.sessionPresent).toBe(true);
    await second.untilPublishes(2);
    writer.publish({ topic: "zero", payload: "now" });
    await second.untilPublishes(3);
    expect(second.messages).toEqual(["a/b 1", "a/b 2", "zero now"]);
    expect(second.publishes.map(({ dup }) => dup), "none was sent before").toEqual([
      false,
      false,
      false,
    ]);
  });

  it("gets what was published on topics that were made meanwhile", async () => {
    const routes = [{ filter: "late/#", topic: "late" }];
    const fixture = await MqttFixture.start({ routes, partitions: 3 });
    const writer = await HeldClient.connect(fixture, { clientId: "writer" });
    const first = await HeldClient.connect(fixture, LASTING);
    await first.subscribe(["late/#"]);
    await first.drop();
    for (let nth = 0; nth < 9; nth++) writer.publish({ topic: `late/${nth}`, qos: 1 });
    await writer.until("puback", 9);
    const second = await HeldClient.connect(fixture, LASTING);
    const topics = (await second.untilPublishes(9)).map(({ topic }) => topic).sort();
    expect(topics).toEqual(Array.from({ length: 9 }, (_, nth) => `late/${nth}`));
  });

  it("gets nothing twice that it acknowledged, after a restart of the node, too", async () => {
    const { fixture, writer } = await pair();
    const first = await HeldClient.connect(fixture, LASTING);
    await first.subscribe([{ topic: "a", qos: 1 }]);
    for (const payload of ["1", "2"]) writer.publish({ topic: "a", qos: 1, payload });
    first.acknowledge((await first.untilPublishes(2)).slice(0, 1));
    await settle();
    await first.drop();
    writer.publish({ topic: "a", qos: 1, payload: "3" });
    await writer.until("puback", 3);
    await fixture.ingress.stop();
    await fixture.store.close();
    const { disk, catalogue, book } = fixture;
    const again = await MqttFixture.start({ disk, catalogue, book });
    const second = await HeldClient.connect(again, LASTING);
    expect(second.sessionPresent).toBe(true);
    await second.untilPublishes(2);
    await settle();
    expect(second.messages).toEqual(["a 2", "a 3"]);
    expect(second.publishes.map(({ dup }) => dup)).toEqual([true, false]);
  });

  it("gets nothing of a session that ended, or that it did not want any more", async () => {
    const { fixture, writer } = await pair();
    const first = await HeldClient.connect(fixture, LASTING);
    await first.subscribe(["a"]);
    await first.drop();
    writer.publish({ topic: "a", qos: 1 });
    await writer.until("puback", 1);
    const second = await HeldClient.connect(fixture, { ...LASTING, clean: true });
    expect(second.sessionPresent).toBe(false);
    await settle();
    await second.drop();
    const third = await HeldClient.connect(fixture, LASTING);
    await settle();
    expect([third.sessionPresent, ...second.publishes, ...third.publishes]).toEqual([false]);
  });

  it("goes on where another connection of the client takes over", async () => {
    const { fixture, writer } = await pair();
    const first = await HeldClient.connect(fixture, LASTING);
    await first.subscribe(["a"]);
    writer.publish({ topic: "a", qos: 1, payload: "1" });
    await first.untilPublishes(1);
    const second = await HeldClient.connect(fixture, LASTING);
    writer.publish({ topic: "a", qos: 1, payload: "2" });
    await second.untilPublishes(2);
    expect(first.messages).toEqual(["a 1"]);
    expect(second.publishes.map(({ dup, payload }) => [dup, `${payload}`]))
      .toEqual([[true, "1"], [false, "2"]]);
  });
});
