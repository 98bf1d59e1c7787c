/** Chapters 4.2 to 4.4: the three qualities of service, and what is sent again. */
import { expect } from "vitest";
import { ack, publish } from "../../support/mqtt_bytes.ts";
import { clause, pass, type World } from "../../support/mqtt_clauses.ts";
import type { RawMqttClient } from "../../support/mqtt_raw_client.ts";

function lasting(world: World) {
  const properties = [["sessionExpiryInterval", 600]] as const;
  return { clientId: world.clientId("s"), clean: false, properties };
}

/** A session with a subscription of QoS 2 to the case's topic. */
async function subscribed(world: World): Promise<RawMqttClient> {
  const client = await world.connect(lasting(world));
  await client.subscribe({ filter: world.topic(), qos: 2 });
  return client;
}

async function payloadsOf(subscriber: RawMqttClient): Promise<string[]> {
  return (await subscriber.messagesUntil("end")).map(({ payload }) => payload);
}

clause(
  { v5: "4.2.0-1" },
  "reads a stream of bytes, however it is cut",
  async ({ connect, topic }) => {
    const client = await connect();
    await client.subscribe({ filter: topic(), qos: 1 });
    const whole = publish({ version: 5, topic: topic(), payload: "xyz", qos: 1, id: 3 });
    for (const byte of whole) {
      client.send(Uint8Array.of(byte));
      await pass(2);
    }
    await client.take("puback", 3);
    expect((await client.message()).payload).toBe("xyz");
    client.send(whole, whole, whole.subarray(0, 7));
    await pass(20);
    client.send(whole.subarray(7));
    for (let nth = 0; nth < 3; nth++) expect((await client.message()).payload).toBe("xyz");
  },
);

clause(
  { v4: "4.3.1-1", v5: "4.3.1-1" },
  "sends QoS 0 once, with DUP 0, and expects no answer",
  async (world) => {
    const { connect, topic } = world;
    const client = await connect();
    await client.subscribe({ filter: topic(), qos: 2 });
    for (let nth = 0; nth < 3; nth++) await client.publish(topic(), `${nth}`, { qos: 0 });
    await client.publish(topic(), "end", { qos: 0 });
    const messages = await client.messagesUntil("end");
    expect(messages.map(({ payload, qos, dup, id }) => [payload, qos, dup, id]))
      .toEqual([["0", 0, false, 0], ["1", 0, false, 0], ["2", 0, false, 0]]);
  },
);

clause(
  { v4: "4.3.2-1", v5: "4.3.2-1 4.3.2-2 4.3.2-3" },
  "sends QoS 1 with DUP 0 and an unused identifier, and again until it is acknowledged",
  async (world) => {
    const first = await subscribed(world);
    for (const payload of ["a", "b", "c"]) await first.publish(world.topic(), payload, { qos: 1 });
    const sent = [];
    for (let nth = 0; nth < 3; nth++) sent.push(await first.take("publish"));
    expect(sent.map(({ dup, qos }) => [dup, qos])).toEqual([[false, 1], [false, 1], [false, 1]]);
    expect(new Set(sent.map(({ id }) => id)).size).toBe(3);
    first.send(ack("puback", sent[1]!.id));
    await first.ping();
    first.drop();
    const second = await world.connect(lasting(world));
    for (const { id, payload } of [sent[0]!, sent[2]!]) {
      expect(await second.message()).toMatchObject({ id, payload, qos: 1, dup: true });
    }
    await second.ping();
    await second.leave();
    const third = await world.connect(lasting(world));
    await third.publish(world.topic(), "end", { qos: 1 });
    expect(await payloadsOf(third)).toEqual([]);
  },
);

clause(
  { v4: "4.3.2-2", v5: "4.3.2-4 4.3.2-5" },
  "takes a QoS 1 publish as a new one once it has acknowledged the last, DUP or not",
  async (world) => {
    const { connect, topic, version } = world;
    const subscriber = await subscribed(world);
    const client = await connect();
    for (const [nth, dup] of [false, true, false, true].entries()) {
      client.send(publish({ version, topic: topic(), payload: `${nth}`, qos: 1, id: 1, dup }));
      expect(await client.next()).toMatchObject({ type: "puback", id: 1 });
    }
    await client.publish(topic(), "end", { qos: 1 });
    expect(await payloadsOf(subscriber)).toEqual(["0", "1", "2", "3"]);
  },
);

clause(
  { v4: "4.3.3-1", v5: "4.3.3-1 4.3.3-2 4.3.3-3" },
  "sends QoS 2 with DUP 0 and an unused identifier, and again until PUBREC",
  async (world) => {
    const first = await subscribed(world);
    for (const payload of ["a", "b"]) await first.publish(world.topic(), payload, { qos: 2 });
    const sent = [await first.take("publish"), await first.take("publish")];
    expect(sent.map(({ dup, qos }) => [dup, qos])).toEqual([[false, 2], [false, 2]]);
    expect(sent[0]!.id).not.toBe(sent[1]!.id);
    first.drop();
    const second = await world.connect(lasting(world));
    for (const { id, payload } of sent) {
      expect(await second.message()).toMatchObject({ id, payload, qos: 2, dup: true });
    }
  },
);

clause(
  { v4: "4.3.3-1", v5: "4.3.3-4 4.3.3-5 4.3.3-6" },
  "answers PUBREC with PUBREL, and after it sends PUBREL again, never the publish",
  async (world) => {
    const first = await subscribed(world);
    await first.publish(world.topic(), "x", { qos: 2 });
    const { id } = await first.take("publish");
    first.send(ack("pubrec", id));
    expect(await first.take("pubrel")).toMatchObject({ id, code: 0 });
    first.drop();
    for (let turn = 0; turn < 2; turn++) {
      const again = await world.connect(lasting(world));
      expect(await again.next()).toMatchObject({ type: "pubrel", id });
      again.drop();
    }
    const last = await world.connect(lasting(world));
    await last.take("pubrel", id);
    last.send(ack("pubcomp", id));
    await last.publish(world.topic(), "end", { qos: 1 });
    expect(await payloadsOf(last)).toEqual([]);
  },
);

clause(
  { v5: "4.3.3-7" },
  "does not let a message expire that it has sent",
  async (world) => {
    const first = await subscribed(world);
    const properties = [["messageExpiryInterval", 1]] as const;
    await first.publish(world.topic(), "x", { qos: 2, properties });
    const { id } = await first.take("publish");
    first.drop();
    await pass(2_500);
    const second = await world.connect(lasting(world));
    expect(await second.message()).toMatchObject({ id, payload: "x", dup: true });
  },
);

clause(
  { v4: "4.3.3-2", v5: "4.3.3-8 4.3.3-10 4.3.3-11" },
  "answers a QoS 2 publish sent again with PUBREC, and hands it on once",
  async (world) => {
    const { connect, topic, version } = world;
    const subscriber = await subscribed(world);
    const client = await connect();
    const once = (dup: boolean) =>
      publish({ version, topic: topic(), payload: "x", qos: 2, id: 9, dup });
    client.send(once(false), once(true));
    for (let nth = 0; nth < 2; nth++) {
      expect(await client.next()).toMatchObject({ type: "pubrec", id: 9 });
    }
    client.send(once(true));
    expect(await client.next()).toMatchObject({ type: "pubrec", id: 9 });
    client.send(ack("pubrel", 9), ack("pubrel", 9));
    for (let nth = 0; nth < 2; nth++) {
      expect(await client.next()).toMatchObject({ type: "pubcomp", id: 9 });
    }
    await client.publish(topic(), "end", { qos: 2 });
    expect(await payloadsOf(subscriber)).toEqual(["x"]);
  },
);

clause(
  { v4: "4.3.3-2", v5: "4.3.3-12" },
  "takes a QoS 2 publish as a new one once it has sent PUBCOMP, DUP or not",
  async (world) => {
    const { connect, topic } = world;
    const subscriber = await subscribed(world);
    const client = await connect();
    for (const [nth, dup] of [false, true, false].entries()) {
      await client.publish(topic(), `${nth}`, { qos: 2, id: 9, dup });
    }
    await client.publish(topic(), "end", { qos: 2 });
    expect(await payloadsOf(subscriber)).toEqual(["0", "1", "2"]);
  },
);

clause(
  { v5: "4.3.3-9" },
  "takes a QoS 2 publish as a new one when it has refused the last with this identifier",
  async (world) => {
    const { connect, topic } = world;
    const subscriber = await subscribed(world);
    const client = await connect();
    const refused = await client.publish("$SYS/broker/x", "x", { qos: 2, id: 9 });
    await client.publish(topic(), "new", { qos: 2, id: 9 });
    await client.publish(topic(), "end", { qos: 2 });
    expect(await payloadsOf(subscriber)).toEqual(["new"]);
    expect(refused!.type).toBe("pubrec");
  },
);

clause(
  { v5: "4.3.3-13" },
  "goes on with a QoS 2 exchange whose message has expired",
  async ({ connect, topic }) => {
    const client = await connect();
    const properties = [["messageExpiryInterval", 1]] as const;
    const expiring = (dup: boolean) =>
      publish({ version: 5, topic: topic(), payload: "x", qos: 2, id: 9, dup, properties });
    client.send(expiring(false));
    await client.take("pubrec", 9);
    await pass(1_500);
    client.send(expiring(true));
    expect(await client.take("pubrec", 9)).toMatchObject({ code: 0 });
    client.send(ack("pubrel", 9));
    expect(await client.take("pubcomp", 9)).toMatchObject({ code: 0 });
  },
);

clause(
  { v4: "4.4.0-1", v5: "4.4.0-1" },
  "sends again what is unacknowledged when the session is resumed, in order, and at no other time",
  async (world) => {
    const first = await subscribed(world);
    for (let nth = 0; nth < 8; nth++) {
      await first.publish(world.topic(), `${nth}`, { qos: 1 + nth % 2 });
    }
    const sent = [];
    for (let nth = 0; nth < 8; nth++) sent.push(await first.take("publish"));
    for (const { id } of [sent[1]!, sent[5]!]) {
      first.send(ack("pubrec", id));
      await first.take("pubrel", id);
    }
    await pass(1_500);
    expect(first.inbox).toEqual([]);
    first.drop();
    const second = await world.connect(lasting(world));
    const released = [await second.take("pubrel"), await second.take("pubrel")];
    expect(released.map(({ id }) => id)).toEqual([sent[1]!.id, sent[5]!.id]);
    for (const nth of [0, 2, 3, 4, 6, 7]) {
      const { id, payload } = sent[nth]!;
      expect(await second.take("publish")).toMatchObject({ id, payload, dup: true });
    }
  },
);

clause(
  { v5: "4.4.0-2" },
  "does not send again what the client has refused",
  async (world) => {
    const first = await subscribed(world);
    await first.publish(world.topic(), "one", { qos: 1 });
    await first.publish(world.topic(), "two", { qos: 2 });
    first.send(ack("puback", (await first.take("publish")).id, 0x80));
    first.send(ack("pubrec", (await first.take("publish")).id, 0x97));
    await first.ping();
    expect(first.inbox).toEqual([]);
    await first.leave();
    const second = await world.connect(lasting(world));
    await second.publish(world.topic(), "end", { qos: 1 });
    expect(await payloadsOf(second)).toEqual([]);
  },
);
