/** Chapter 3.3.2.3: the properties of a PUBLISH of MQTT 5. */
import { expect } from "vitest";
import { bytes, type Properties, publish, type Text } from "../../support/mqtt_bytes.ts";
import { clause, eachOf, expectFault, pass, type World } from "../../support/mqtt_clauses.ts";

/** What a subscriber gets of a message with these properties. */
async function handedOn({ connect, topic }: World, properties: Properties, qos = 1) {
  const client = await connect();
  await client.subscribe({ filter: topic(), qos: 2 });
  await client.publish(topic(), "x", { qos, properties });
  return (await client.message()).properties;
}

async function closesOn({ connect, topic }: World, properties: Properties, ...codes: number[]) {
  const client = await connect();
  client.send(publish({ version: 5, topic: topic(), payload: "x", qos: 1, id: 1, properties }));
  await expectFault(client, ...codes);
}

clause({ v5: "3.3.2-4" }, "hands the payload format indicator on", async (world) => {
  for (const value of [0, 1]) {
    const properties = await handedOn(world, [["payloadFormatIndicator", value]]);
    expect(properties.number("payloadFormatIndicator") ?? 0).toBe(value);
  }
});

clause(
  { v5: "3.3.2-4 3.3.2-15 3.3.2-16 3.3.2-17 3.3.2-20" },
  "hands on no property that a message does not have",
  async (world) => {
    for (const qos of [0, 1, 2]) expect((await handedOn(world, [], qos)).list).toEqual([]);
  },
);

clause(
  { v5: "3.3.2-15 3.3.2-16 3.3.2-20" },
  "hands response topic, correlation data and content type on as they came",
  async (world) => {
    for (const qos of [0, 1, 2]) {
      const got = await handedOn(world, [
        ["contentType", "application/x-ü; a=b"],
        ["responseTopic", "answers/für/\ufeffme"],
        ["correlationData", bytes(0, 1, 0xff, 0xfe, 0x80)],
      ], qos);
      expect(got.text("contentType")).toBe("application/x-ü; a=b");
      expect(got.text("responseTopic")).toBe("answers/für/\ufeffme");
      expect(got.bytes("correlationData")).toEqual([0, 1, 0xff, 0xfe, 0x80]);
    }
  },
);

clause(
  { v5: "3.3.2-16" },
  "hands correlation data of any size on",
  async (world) => {
    for (const size of [0, 1, 127, 128, 4_000]) {
      const data = new Uint8Array(size).map((_, at) => at & 0xff);
      const got = await handedOn(world, [["correlationData", data]]);
      expect(got.bytes("correlationData")).toEqual([...data]);
    }
  },
);

clause(
  { v5: "3.3.2-17 3.3.2-18" },
  "hands user properties on, all of them, in order",
  async (world) => {
    const pairs = [["b", "1"], ["a", "2"], ["b", "1"], ["", ""], ["ü", "\ufeff"], [
      "a",
      "0",
    ]] as const;
    const properties = pairs.map((pair) => ["userProperty", pair] as const);
    expect((await handedOn(world, properties)).user).toEqual(pairs);
    expect((await handedOn(world, properties, 2)).user).toEqual(pairs);
  },
);

clause(
  { v5: "3.3.2-4 3.3.2-15 3.3.2-17 3.3.2-18 3.3.2-20" },
  "hands the properties of a retained message on",
  async ({ connect, topic }) => {
    const client = await connect();
    const pairs = [["z", "1"], ["a", "2"], ["z", "0"]] as const;
    await client.publish(topic(), "x", {
      qos: 1,
      retain: true,
      properties: [
        ["payloadFormatIndicator", 1],
        ["contentType", "text/plain"],
        ["responseTopic", "r"],
        ...pairs.map((pair) => ["userProperty", pair] as const),
      ],
    });
    await client.subscribe(topic());
    const { properties } = await client.message();
    expect(properties.number("payloadFormatIndicator")).toBe(1);
    expect(properties.text("contentType")).toBe("text/plain");
    expect(properties.text("responseTopic")).toBe("r");
    expect(properties.user).toEqual(pairs);
    await client.publish(topic(), "", { retain: true });
  },
);

const NOT_UTF8 = bytes(0x61, 0xed, 0xa0, 0x80);

clause(
  { v5: "3.3.2-13" },
  "closes on a response topic that is not a UTF-8 string",
  (world) => closesOn(world, [["responseTopic", NOT_UTF8]], 0x81, 0x82, 0x90),
);

clause(
  { v5: "3.3.2-14" },
  "closes on a response topic with a wildcard",
  async (world) => {
    await eachOf(
      ["#", "+", "a/#", "a/+/b", "a+"].map((name) => [name, name]),
      (name) => closesOn(world, [["responseTopic", name]], 0x81, 0x82, 0x90),
    );
  },
);

clause(
  { v5: "3.3.2-19" },
  "closes on a content type that is not a UTF-8 string",
  (world) => closesOn(world, [["contentType", NOT_UTF8]], 0x81, 0x82),
);

clause(
  { v5: "3.3.2-5" },
  "drops a message whose expiry interval has passed before it could be sent",
  async ({ connect, topic, clientId }) => {
    const lasting = {
      clientId: clientId(),
      clean: false,
      properties: [["sessionExpiryInterval", 600]],
    } as const;
    const away = await connect(lasting);
    await away.subscribe({ filter: topic(), qos: 1 });
    await away.leave();
    const publisher = await connect();
    const expiring = (seconds: number) => ({
      qos: 1,
      properties: [["messageExpiryInterval", seconds]] as Properties,
    });
    await publisher.publish(topic(), "short", expiring(1));
    await publisher.publish(topic(), "long", expiring(600));
    await publisher.publish(topic(), "end", { qos: 1 });
    await pass(2_500);
    const back = await connect(lasting);
    const messages = await back.messagesUntil("end");
    expect(messages.map(({ payload }) => payload)).toEqual(["long"]);
  },
);

clause(
  { v5: "3.3.2-5" },
  "drops a retained message whose expiry interval has passed",
  async ({ connect, topic }) => {
    const client = await connect();
    const properties = [["messageExpiryInterval", 1]] as const;
    await client.publish(topic("a"), "short", { qos: 1, retain: true, properties });
    await pass(2_500);
    await client.subscribe(topic("a"), topic("end"));
    await client.publish(topic("end"), "end");
    expect(await client.messagesUntil("end")).toEqual([]);
  },
);

clause(
  { v5: "3.3.2-6" },
  "sends the expiry interval less the time a message has waited",
  async ({ connect, topic, clientId }) => {
    const lasting = {
      clientId: clientId(),
      clean: false,
      properties: [["sessionExpiryInterval", 600]],
    } as const;
    const away = await connect(lasting);
    await away.subscribe({ filter: topic(), qos: 1 });
    await away.leave();
    const properties = [["messageExpiryInterval", 100]] as const;
    await (await connect()).publish(topic(), "x", { qos: 1, properties });
    await pass(2_200);
    const left = (await (await connect(lasting)).message()).properties.number(
      "messageExpiryInterval",
    );
    expect(left).toBeLessThanOrEqual(98);
    expect(left).toBeGreaterThan(50);
  },
);

clause(
  { v5: "3.3.2-7" },
  "does not know an alias of an earlier connection",
  async ({ connect, topic, clientId }) => {
    const lasting = {
      clientId: clientId(),
      clean: false,
      properties: [["sessionExpiryInterval", 600]],
    } as const;
    const alias: Properties = [["topicAlias", 1]];
    const first = await connect(lasting);
    await first.publish(topic(), "x", { qos: 1, properties: alias });
    await first.publish("", "x", { qos: 1, properties: alias });
    await first.leave();
    const second = await connect(lasting);
    second.send(publish({ version: 5, topic: "", qos: 1, id: 1, properties: alias }));
    await expectFault(second, 0x82, 0x94);
  },
);

clause(
  { v5: "3.3.2-8" },
  "closes on topic alias 0",
  (world) => closesOn(world, [["topicAlias", 0]], 0x94, 0x82, 0x81),
);

clause(
  { v5: "3.3.2-9" },
  "closes on a topic alias over the maximum it said",
  async (world) => {
    const { connack } = await world.connect();
    const maximum = connack!.properties.number("topicAliasMaximum") ?? 0;
    await closesOn(world, [["topicAlias", maximum + 1]], 0x94, 0x82);
    await closesOn(world, [["topicAlias", 65_535]], 0x94, 0x82);
  },
);

clause(
  { v5: "3.3.2-12" },
  "takes every topic alias from 1 to the maximum it said, and lets each be defined anew",
  async ({ connect, topic }) => {
    const client = await connect();
    const maximum = client.connack!.properties.number("topicAliasMaximum") ?? 0;
    await client.subscribe({ filter: topic("#"), qos: 0 });
    for (const round of ["first", "second"]) {
      for (let alias = 1; alias <= maximum; alias++) {
        const properties = [["topicAlias", alias]] as const;
        const name = topic(`${round}/${alias}`);
        const send = (to: Text, qos: number) => client.publish(to, "x", { qos, properties });
        await send(name, 1);
        expect((await client.message()).topic).toBe(name);
        await send("", alias % 3);
        expect((await client.message()).topic).toBe(name);
      }
    }
  },
);

clause(
  { v5: "3.1.2-26 3.3.2-11" },
  "sends no topic alias over the client's maximum, and topic names that can be resolved",
  async ({ connect, topic }) => {
    const client = await connect({ properties: [["topicAliasMaximum", 2]] });
    await client.subscribe(topic("#"));
    const names = new Map<number, string>();
    for (let nth = 0; nth < 12; nth++) {
      const name = topic(`${nth % 4}`);
      await client.publish(name, "x");
      const message = await client.message();
      const alias = message.properties.number("topicAlias");
      if (alias !== undefined) {
        expect(alias).toBeGreaterThan(0);
        expect(alias).toBeLessThanOrEqual(2);
        if (message.topic !== "") names.set(alias, message.topic);
      }
      expect(message.topic || names.get(alias!)).toBe(name);
    }
  },
);

clause(
  { v5: "3.1.2-27" },
  "sends no topic alias to a client that takes none",
  async ({ connect, topic }) => {
    for (const properties of [[], [["topicAliasMaximum", 0]]] as const) {
      const client = await connect({ properties });
      await client.subscribe(topic());
      for (let nth = 0; nth < 5; nth++) {
        await client.publish(topic(), "x");
        const message = await client.message();
        expect([message.topic, message.properties.has("topicAlias")]).toEqual([topic(), false]);
      }
    }
  },
);

clause(
  { v5: "3.1.2-24 3.1.2-25" },
  "passes over a message too large for the client, as if it had been sent",
  async ({ connect, topic, clientId }) => {
    const lasting = {
      clientId: clientId(),
      clean: false,
      properties: [["sessionExpiryInterval", 600], ["maximumPacketSize", 200]],
    } as const;
    const client = await connect(lasting);
    await client.subscribe({ filter: topic(), qos: 2 });
    const publisher = await connect();
    for (const qos of [0, 1, 2]) {
      await publisher.publish(topic(), `large ${"x".repeat(300)}`, { qos });
      await publisher.publish(topic(), `small ${qos}`, { qos });
      const message = await client.message();
      expect(message.payload).toBe(`small ${qos}`);
      expect(message.size).toBeLessThanOrEqual(200);
    }
    await client.leave();
    // It is not kept for a time when it might fit.
    const back = await connect({ ...lasting, properties: [["sessionExpiryInterval", 600]] });
    await publisher.publish(topic(), "end", { qos: 1 });
    expect(await back.messagesUntil("end")).toEqual([]);
  },
);

clause(
  { v4: "3.3.2-3", v5: "3.3.2-3" },
  "hands messages on between versions, properties only to those who have them",
  async ({ connect, topic, version }) => {
    const properties: Properties = [["contentType", "text/plain"], ["userProperty", ["a", "b"]]];
    const publisher = await connect({ version: version === 4 ? 5 : 4 });
    const subscriber = await connect();
    for (const retain of [false, true]) {
      if (!retain) await subscriber.subscribe({ filter: topic(), qos: 2 });
      for (const qos of [0, 1, 2]) {
        await publisher.publish(topic(), `${qos}`, { qos, retain, properties });
        const message = await subscriber.message();
        // To MQTT 3.1.1, properties would be a part of the payload.
        expect(message).toMatchObject({ topic: topic(), payload: `${qos}`, qos, retain: false });
        expect(message.properties.list).toEqual([]);
      }
    }
    const late = await connect();
    await late.subscribe({ filter: topic(), qos: 1 });
    expect(await late.message()).toMatchObject({ payload: "2", qos: 1, retain: true });
    await publisher.publish(topic(), "", { retain: true });
  },
);
