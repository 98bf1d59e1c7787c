/** Chapters 3.1.2.5 and 3.1.3.2: what the server publishes for a client that vanished. */
import { expect } from "vitest";
import { disconnect, PINGREQ, type Will } from "../../support/mqtt_bytes.ts";
import { clause, eachOf, pass, type World } from "../../support/mqtt_clauses.ts";

/** A subscriber to every topic of the case. */
async function watcher({ connect, topic }: World) {
  const client = await connect();
  await client.subscribe({ filter: `${topic("")}#`, qos: 2 });
  return client;
}

/** Says when all that was published before has been seen. */
async function end({ connect, topic }: World): Promise<void> {
  await (await connect()).publish(topic("end"), "end");
}

clause(
  { v4: "3.1.2-8", v5: "3.1.2-7 3.1.2-8" },
  "publishes the will of a client whose connection is lost",
  async (world) => {
    const subscriber = await watcher(world);
    const will = { topic: world.topic("will"), payload: "gone", qos: 1 };
    (await world.connect({ will })).drop();
    expect(await subscriber.message()).toMatchObject({
      topic: will.topic,
      payload: "gone",
      qos: 1,
    });
  },
);

clause(
  { v4: "3.1.2-8", v5: "3.1.2-8" },
  "publishes the will when it closes the connection itself",
  async (world) => {
    const subscriber = await watcher(world);
    const cases: [string, (client: Awaited<ReturnType<World["connect"]>>) => void][] = [
      ["second CONNECT", (client) => client.send(Uint8Array.of(0x10, 0))],
      ["reserved flags", (client) => client.send(Uint8Array.of(0x82 | 1, 0))],
      ["keep alive", () => {}],
    ];
    await eachOf(cases, async (offend, name) => {
      const will = { topic: world.topic("will"), payload: name };
      const client = await world.connect({ will, keepAlive: 1 });
      offend(client);
      await client.ended();
    });
    const payloads = [];
    for (const _ of cases) payloads.push((await subscriber.message()).payload);
    expect(payloads.toSorted()).toEqual(cases.map(([name]) => name).toSorted());
  },
);

clause(
  { v4: "3.1.2-8 3.1.4-2", v5: "3.1.2-8 3.1.4-3" },
  "publishes the will of a connection that is taken over",
  async (world) => {
    const subscriber = await watcher(world);
    const clientId = world.clientId();
    await world.connect({ clientId, will: { topic: world.topic("will"), payload: "moved" } });
    await world.connect({ clientId });
    expect((await subscriber.message()).payload).toBe("moved");
  },
);

clause(
  { v4: "3.1.2-10 3.14.4-3", v5: "3.1.2-10 3.14.4-3" },
  "drops the will of a client that disconnects",
  async (world) => {
    const subscriber = await watcher(world);
    const will = { topic: world.topic("will"), payload: "never" };
    await (await world.connect({ will })).leave();
    if (world.version === 5) await (await world.connect({ will })).leave(0x00);
    await end(world);
    expect(await subscriber.messagesUntil("end")).toEqual([]);
  },
);

clause(
  { v4: "3.1.2-10", v5: "3.1.2-10" },
  "publishes a will once, not again when its client comes and goes",
  async (world) => {
    const subscriber = await watcher(world);
    const clientId = world.clientId();
    const will = { topic: world.topic("will"), payload: "once" };
    (await world.connect({ clientId, will, clean: false })).drop();
    expect((await subscriber.message()).payload).toBe("once");
    const again = await world.connect({ clientId, clean: false });
    again.drop();
    // The server has seen the end of it when it lets the same client in again.
    await world.connect({ clientId });
    await end(world);
    expect(await subscriber.messagesUntil("end")).toEqual([]);
  },
);

clause(
  { v4: "3.1.2-12" },
  "publishes nothing for a client without a will",
  async (world) => {
    const subscriber = await watcher(world);
    const clientId = world.clientId();
    (await world.connect({ clientId })).drop();
    await world.connect({ clientId });
    await end(world);
    expect(await subscriber.messagesUntil("end")).toEqual([]);
  },
);

clause(
  { v5: "3.1.2-8" },
  "publishes the will of a client that disconnects with any other code than 0",
  async (world) => {
    const subscriber = await watcher(world);
    for (const code of [0x04, 0x80, 0x81, 0x93, 0x97]) {
      const will = { topic: world.topic("will"), payload: `${code}` };
      await (await world.connect({ will })).leave(code);
      expect((await subscriber.message()).payload).toBe(`${code}`);
    }
  },
);

clause(
  { v4: "3.1.2-16", v5: "3.1.2-14" },
  "publishes a will without retain as a message that is not retained",
  async (world) => {
    const subscriber = await watcher(world);
    const will = { topic: world.topic("will"), payload: "plain" };
    (await world.connect({ will })).drop();
    await subscriber.message();
    const late = await watcher(world);
    await end(world);
    expect(await late.messagesUntil("end")).toEqual([]);
  },
);

clause(
  { v4: "3.1.2-17", v5: "3.1.2-15" },
  "publishes a will with retain as a retained message",
  async (world) => {
    const subscriber = await watcher(world);
    const will = { topic: world.topic("will"), payload: "kept", qos: 1, retain: true };
    (await world.connect({ will })).drop();
    expect(await subscriber.message()).toMatchObject({ payload: "kept", retain: false });
    const late = await watcher(world);
    expect(await late.message()).toMatchObject({ payload: "kept", retain: true, qos: 1 });
    await late.publish(will.topic, "", { retain: true });
  },
);

clause(
  { v4: "3.1.2-14", v5: "3.1.2-12 3.2.2-12" },
  "publishes a will with its QoS, 0, 1 or 2",
  async (world) => {
    const subscriber = await watcher(world);
    for (const qos of [0, 1, 2]) {
      const client = await world.connect({ will: { topic: world.topic("will"), qos } });
      expect(client.connack!.properties.number("maximumQos") ?? 2).toBeGreaterThanOrEqual(qos);
      client.drop();
      expect((await subscriber.message()).qos).toBe(qos);
    }
  },
);

clause(
  { v5: "3.2.2-13" },
  "lets in who has a retained will when it keeps retained messages",
  async (world) => {
    const client = await world.connect({ will: { topic: world.topic("will"), retain: true } });
    expect(client.connack!.properties.number("retainAvailable") ?? 1).toBe(1);
    await client.leave();
  },
);

clause(
  { v4: "3.1.3-1", v5: "3.1.3-1" },
  "reads client identifier, will, user name and password in this order",
  async (world) => {
    const subscriber = await watcher(world);
    const will: Will = {
      topic: world.topic("will"),
      payload: "w",
      properties: [["userProperty", ["a", "b"]]],
    };
    const clientId = world.clientId();
    await world.connect({ clientId, will, userName: "user", password: "pass" });
    // The identifier is known as such: a second connection takes over.
    await world.connect({ clientId });
    expect(await subscriber.message()).toMatchObject({ topic: will.topic, payload: "w" });
  },
);

clause(
  { v4: "3.1.3-10", v5: "3.1.3-11" },
  "does not let in whose will topic is not a UTF-8 string, or names many topics",
  async ({ refused, topic }) => {
    const topics: [string, string | Uint8Array][] = [
      ["broken", Uint8Array.of(0x61, 0xc3, 0x28)],
      ["U+0000", "a\0b"],
      ["a wildcard", topic("+")],
      ["all", "#"],
      ["empty", ""],
    ];
    await eachOf(topics, async (name) => {
      const left = await refused({ will: { topic: name, payload: "x" } });
      expect(left.filter(({ type, code }) => type !== "connack" || code === 0)).toEqual([]);
    });
  },
);

clause(
  { v5: "3.1.2-8" },
  "waits for the will delay, and publishes then",
  async (world) => {
    const subscriber = await watcher(world);
    const client = await world.connect({
      properties: [["sessionExpiryInterval", 60]],
      will: {
        topic: world.topic("will"),
        payload: "late",
        properties: [["willDelayInterval", 2]],
      },
    });
    const since = performance.now();
    client.drop();
    expect((await subscriber.message()).payload).toBe("late");
    expect(performance.now() - since).toBeGreaterThan(1_000);
  },
);

clause(
  { v5: "3.1.2-8" },
  "publishes a delayed will when the session ends before",
  async (world) => {
    const subscriber = await watcher(world);
    const will: Will = {
      topic: world.topic("will"),
      payload: "ended",
      properties: [["willDelayInterval", 3_600]],
    };
    (await world.connect({ will })).drop();
    expect((await subscriber.message()).payload).toBe("ended");
    const clientId = world.clientId();
    const properties = [["sessionExpiryInterval", 3_600]] as const;
    (await world.connect({ clientId, will, properties })).drop();
    await world.connect({ clientId, clean: true });
    expect((await subscriber.message()).payload).toBe("ended");
    (await world.connect({ will, properties: [["sessionExpiryInterval", 1]] })).drop();
    expect((await subscriber.message()).payload).toBe("ended");
  },
);

clause(
  { v5: "3.1.3-9" },
  "does not publish a delayed will when the client comes back in time",
  async (world) => {
    const subscriber = await watcher(world);
    const clientId = world.clientId();
    const properties = [["sessionExpiryInterval", 60]] as const;
    const will: Will = {
      topic: world.topic("will"),
      payload: "never",
      properties: [["willDelayInterval", 1]],
    };
    (await world.connect({ clientId, properties, will })).drop();
    const back = await world.connect({ clientId, properties, clean: false });
    await pass(2_500);
    back.send(PINGREQ, disconnect());
    await end(world);
    expect(await subscriber.messagesUntil("end")).toEqual([]);
  },
);

clause(
  { v5: "3.1.3-10" },
  "publishes a will with all its properties, user properties in order",
  async (world) => {
    const subscriber = await watcher(world);
    const user = [["b", "1"], ["a", "2"], ["b", "1"], ["", ""]] as const;
    const will: Will = {
      topic: world.topic("will"),
      payload: "x",
      properties: [
        ["payloadFormatIndicator", 1],
        ["messageExpiryInterval", 1_000],
        ["contentType", "text/plain"],
        ["responseTopic", "answers/here"],
        ["correlationData", Uint8Array.of(0, 255, 7)],
        ...user.map((pair) => ["userProperty", pair] as const),
      ],
    };
    (await world.connect({ will })).drop();
    const { properties } = await subscriber.message();
    expect(properties.number("payloadFormatIndicator")).toBe(1);
    expect(properties.number("messageExpiryInterval")).toBeLessThanOrEqual(1_000);
    expect(properties.text("contentType")).toBe("text/plain");
    expect(properties.text("responseTopic")).toBe("answers/here");
    expect(properties.bytes("correlationData")).toEqual([0, 255, 7]);
    expect(properties.user).toEqual(user);
  },
);
