/** Chapter 3.3: PUBLISH, but for retained messages and the properties of MQTT 5. */
import { expect } from "vitest";
import { ack, bytes, packet, publish, text, Type } from "../../support/mqtt_bytes.ts";
import { clause, eachOf, expectFault } from "../../support/mqtt_clauses.ts";

clause(
  { v4: "3.3.1-1", v5: "3.3.1-1" },
  "sets DUP when it sends a message again",
  async ({ connect, topic, clientId }) => {
    const lasting = {
      clientId: clientId(),
      clean: false,
      properties: [["sessionExpiryInterval", 600]],
    } as const;
    const first = await connect(lasting);
    await first.subscribe({ filter: topic(), qos: 2 });
    await first.publish(topic(), "one", { qos: 1 });
    await first.publish(topic(), "two", { qos: 2 });
    const sent = [await first.take("publish"), await first.take("publish")];
    expect(sent.map(({ dup }) => dup)).toEqual([false, false]);
    first.drop();
    const again = await connect(lasting);
    for (const { id, payload } of sent) {
      expect(await again.message()).toMatchObject({ id, payload, dup: true });
    }
  },
);

clause(
  { v4: "3.3.1-2 3.3.1-3", v5: "3.3.1-2 3.3.1-3" },
  "does not hand on the DUP flag of a publish",
  async ({ connect, topic }) => {
    const client = await connect();
    const filters = [0, 1, 2].map((qos) => ({ filter: topic(`${qos}`), qos }));
    await client.subscribe(...filters);
    for (const qos of [0, 1, 2]) {
      await client.publish(topic(`${qos}`), "x", { qos: 2, dup: true });
      expect(await client.message()).toMatchObject({ qos, dup: false });
    }
  },
);

clause(
  { v4: "3.3.1-2", v5: "3.3.1-2" },
  "closes on DUP with QoS 0",
  async ({ connect, topic, version }) => {
    const client = await connect();
    client.send(publish({ version, topic: topic(), dup: true }));
    await expectFault(client, 0x81, 0x82);
  },
);

clause(
  { v4: "3.3.1-4", v5: "3.3.1-4" },
  "closes on QoS 3",
  async ({ connect, topic, version }) => {
    const client = await connect();
    client.send(publish({ version, topic: topic(), qos: 3, id: 1 }));
    await expectFault(client, 0x81, 0x82);
  },
);

clause(
  { v4: "3.3.2-1", v5: "3.3.2-1" },
  "closes on a PUBLISH without a topic name, or with one that is no UTF-8 string",
  async ({ connect, version }) => {
    const cases: [string, Uint8Array][] = [
      ["nothing", packet(Type.publish)],
      ["half a length", packet(Type.publish, 0)],
      ["a length and no text", packet(Type.publish, 0, 3)],
      ["less text than it says", packet(Type.publish, 0, 9, 0x61)],
      ["not UTF-8", publish({ version, topic: bytes(0x61, 0xfe) })],
    ];
    await eachOf(cases, async (bad) => {
      const client = await connect();
      client.send(bad);
      await expectFault(client, 0x81, 0x82);
    });
  },
);

clause(
  { v4: "3.3.2-2 4.7.1-1", v5: "3.3.2-2 4.7.0-1" },
  "takes no message to a topic name with a wildcard",
  async ({ connect, topic, version }) => {
    const subscriber = await connect();
    await subscriber.subscribe({ filter: `${topic("")}#`, qos: 2 });
    const cases = ["+", "#", "a/+", "a/#", "a+", "+/a", "a#b"].flatMap((name) =>
      [0, 1, 2].map((qos) => [`${name} with QoS ${qos}`, { topic: topic(name), qos }] as const)
    );
    await eachOf(cases, async ({ topic, qos }) => {
      const client = await connect();
      client.send(publish({ version, topic, payload: "never", qos, id: 1 }));
      // MQTT 5 has an answer to it, 0x90; MQTT 3.1.1 has none.
      const answer = version === 5 && qos > 0 ? await client.next().catch(() => null) : null;
      if (answer === null || answer.type === "disconnect") {
        return await expectFault(client, 0x81, 0x82, 0x90);
      }
      expect(answer).toMatchObject({ type: qos === 1 ? "puback" : "pubrec", code: 0x90 });
    });
    await (await connect()).publish(topic("end"), "end");
    expect(await subscriber.messagesUntil("end")).toEqual([]);
  },
);

clause(
  { v4: "3.3.2-3", v5: "3.3.2-3" },
  "sends a message under the topic name it was published to, which a filter matches",
  async ({ connect, topic }) => {
    const client = await connect();
    await client.subscribe(topic("a/+/c"), topic("b/#"), topic("end"));
    const names = ["a/x/c", "a//c", "b", "b/1/2/3"];
    for (const name of [...names, "a/x/y/c", "a/c", "c"]) await client.publish(topic(name), "x");
    await client.publish(topic("end"), "end");
    const messages = await client.messagesUntil("end");
    expect(messages.map(({ topic }) => topic)).toEqual(names.map((name) => topic(name)));
  },
);

clause(
  { v4: "3.3.4-1", v5: "3.3.4-1" },
  "answers QoS 0 with nothing, QoS 1 with PUBACK, QoS 2 with PUBREC",
  async ({ connect, topic, version }) => {
    const client = await connect();
    const to = (qos: number, id: number) =>
      publish({ version, topic: topic(), payload: "x", qos, id });
    client.send(to(0, 0), to(1, 11), to(2, 12), to(0, 0));
    expect(await client.next()).toMatchObject({ type: "puback", id: 11 });
    expect(await client.next()).toMatchObject({ type: "pubrec", id: 12 });
    client.send(ack("pubrel", 12));
    expect(await client.next()).toMatchObject({ type: "pubcomp", id: 12 });
    await client.ping();
    expect(client.inbox).toEqual([]);
  },
);

clause(
  { v4: "3.3.5-1", v5: "3.3.4-2" },
  "sends what overlapping subscriptions match with the highest of their QoS",
  async ({ connect, topic }) => {
    const client = await connect();
    await client.subscribe(
      { filter: topic("a/+"), qos: 0 },
      { filter: topic("#"), qos: 2 },
      { filter: topic("a/b"), qos: 1 },
    );
    await client.publish(topic("a/b"), "x", { qos: 2 });
    await client.publish(topic("end"), "end", { qos: 2 });
    const messages = await client.messagesUntil("end");
    // One copy for all, or one for each: the best is among them.
    expect(Math.max(...messages.map(({ qos }) => qos))).toBe(2);
  },
);

clause(
  { v5: "3.3.4-3 3.3.4-4 3.3.4-5" },
  "sends the identifiers of all subscriptions that match",
  async ({ connect, topic }) => {
    const client = await connect();
    await client.subscribeWith([["subscriptionIdentifier", 1]], topic("a/+"));
    await client.subscribeWith([["subscriptionIdentifier", 268_435_455]], topic("a/#"));
    await client.subscribe(topic("+/b"), topic("end"));
    await client.publish(topic("a/b"), "x");
    await client.publish(topic("a/b/c"), "y");
    await client.publish(topic("end"), "end");
    const messages = await client.messagesUntil("end");
    const identifiers = (payload: string) =>
      messages.filter((one) => one.payload === payload)
        .flatMap(({ properties }) => properties.subscriptionIdentifiers)
        .toSorted((a, b) => a - b);
    expect(identifiers("x")).toEqual([1, 268_435_455]);
    expect(identifiers("y")).toEqual([268_435_455]);
  },
);

clause(
  { v5: "3.3.4-3" },
  "replaces the identifier of a subscription with the subscription",
  async ({ connect, topic }) => {
    const client = await connect();
    await client.subscribeWith([["subscriptionIdentifier", 7]], topic());
    await client.subscribeWith([["subscriptionIdentifier", 8]], topic());
    await client.publish(topic(), "x");
    expect((await client.message()).properties.subscriptionIdentifiers).toEqual([8]);
    await client.subscribe(topic());
    await client.publish(topic(), "y");
    expect((await client.message()).properties.subscriptionIdentifiers).toEqual([]);
  },
);

clause(
  { v5: "3.3.4-6" },
  "closes on a PUBLISH with a subscription identifier",
  async ({ connect, topic }) => {
    const client = await connect();
    const properties = [["subscriptionIdentifier", 1]] as const;
    client.send(publish({ version: 5, topic: topic(), properties }));
    await expectFault(client, 0x81, 0x82);
  },
);

clause(
  { v5: "3.3.2-2" },
  "takes no message without a topic name or an alias",
  async ({ connect }) => {
    const client = await connect();
    client.send(packet(Type.publish, text(""), 0, 0x61));
    await expectFault(client, 0x82, 0x81, 0x90);
  },
);
