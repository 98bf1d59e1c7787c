/** Chapters 3.8 and 3.9: SUBSCRIBE and SUBACK, but for retained messages. */
import { expect } from "vitest";
import {
  bytes,
  packet,
  type Properties,
  subscribe,
  text,
  Type,
  u16,
} from "../../support/mqtt_bytes.ts";
import { clause, eachOf, expectFault } from "../../support/mqtt_clauses.ts";

const SUBSCRIBE_CODES = [0, 1, 2, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2];

clause(
  { v4: "3.8.1-1", v5: "3.8.1-1" },
  "closes on a SUBSCRIBE whose flags are not 0010",
  async ({ connect, version }) => {
    const cases = [0, 1, 3, 6, 10, 15].map((flags) => [`${flags}`, flags] as const);
    await eachOf(cases, async (flags) => {
      const client = await connect();
      const [, ...rest] = subscribe({ version, filters: [{ filter: "a" }] });
      client.send(bytes(0x80 | flags, Uint8Array.from(rest)));
      await expectFault(client, 0x81);
    });
  },
);

clause(
  { v4: "3.8.3-1", v5: "3.8.3-1" },
  "closes on a filter that is not a UTF-8 string",
  async ({ connect, version }) => {
    const filters = [bytes(0x61, 0xff), bytes(0xc0, 0xaf), bytes(0xed, 0xa0, 0x80), bytes(0x61, 0)];
    await eachOf(filters.map((filter) => [`${filter}`, filter]), async (filter) => {
      const client = await connect();
      client.send(subscribe({ version, filters: [{ filter }] }));
      await expectFault(client, 0x81, 0x82, 0x8f);
    });
  },
);

clause(
  { v4: "3.8.3-2" },
  "supports filters with wildcards, or refuses them",
  async ({ connect, topic }) => {
    const client = await connect();
    const { codes } = await client.subscribe(topic("+"), topic("#"));
    await client.publish(topic("a"), "x", { qos: 1 });
    if (codes.some((code) => code < 0x80)) expect((await client.message()).payload).toBe("x");
  },
);

clause(
  { v4: "3.8.3-3", v5: "3.8.3-2" },
  "closes on a SUBSCRIBE without a filter, or with half of one",
  async ({ connect, version }) => {
    const head = bytes(u16(1), version === 5 ? 0 : bytes());
    const cases: [string, Uint8Array][] = [
      ["no filter", packet(Type.subscribe, head)],
      ["no options", packet(Type.subscribe, head, text("a"))],
      ["half a filter", packet(Type.subscribe, head, 0, 5, 0x61)],
      ["no options for the second", packet(Type.subscribe, head, text("a"), 0, text("b"))],
      ["nothing at all", packet(Type.subscribe)],
    ];
    await eachOf(cases, async (bad) => {
      const client = await connect();
      client.send(bad);
      await expectFault(client, 0x81, 0x82);
    });
  },
);

clause(
  { v4: "3.8.3-4", v5: "3.8.3-5" },
  "closes on reserved bits in the options of a subscription, and on QoS 3",
  async ({ connect, version }) => {
    const wrong = version === 4 ? [3, 4, 8, 0x10, 0x20, 0x40, 0x80] : [3, 0x30, 0x40, 0x80, 0xc0];
    await eachOf(wrong.map((options) => [`${options}`, options]), async (options) => {
      const client = await connect();
      client.send(subscribe({ version, filters: [{ filter: "a" }, { filter: "b", options }] }));
      await expectFault(client, 0x81, 0x82);
    });
  },
);

clause(
  { v5: "3.8.3-3" },
  "does not send a client its own messages where it asks not to get them",
  async ({ connect, topic }) => {
    const [client, other] = [await connect(), await connect()];
    await client.subscribe({ filter: topic("#"), qos: 2, noLocal: true });
    await other.subscribe({ filter: topic("#"), qos: 2, noLocal: true });
    for (const qos of [0, 1, 2]) await client.publish(topic("a"), "own", { qos });
    await other.publish(topic("a"), "end", { qos: 1 });
    expect(await client.messagesUntil("end")).toEqual([]);
    for (const qos of [0, 1, 2]) {
      expect(await other.message()).toMatchObject({ payload: "own", qos });
    }
  },
);

clause(
  { v5: "3.8.3-4" },
  "closes on a shared subscription with no local",
  async ({ connect, topic }) => {
    const client = await connect();
    const filters = [{ filter: `$share/g/${topic()}`, noLocal: true }];
    client.send(subscribe({ version: 5, filters }));
    await expectFault(client, 0x82);
  },
);

clause(
  { v4: "3.8.4-1 3.8.4-2", v5: "3.8.4-1 3.8.4-2" },
  "answers each SUBSCRIBE with a SUBACK of its packet identifier",
  async ({ connect, topic, version }) => {
    const client = await connect();
    const ids = [3, 2, 40_000, 1];
    client.send(
      ...ids.map((id) => subscribe({ version, id, filters: [{ filter: topic(`${id}`) }] })),
    );
    for (const id of ids) expect(await client.next()).toMatchObject({ type: "suback", id });
  },
);

clause(
  { v4: "3.8.4-3", v5: "3.8.4-3" },
  "replaces the subscription with the same filter",
  async ({ connect, topic }) => {
    const client = await connect();
    await client.subscribe({ filter: topic(), qos: 2 });
    await client.subscribe({ filter: topic(), qos: 0 }, topic("end"));
    await client.publish(topic(), "x", { qos: 2 });
    await client.publish(topic("end"), "end", { qos: 2 });
    const messages = await client.messagesUntil("end");
    expect(messages.map(({ payload, qos }) => [payload, qos])).toEqual([["x", 0]]);
  },
);

clause(
  { v4: "3.8.4-3", v5: "3.8.4-4" },
  "loses no message while a subscription is replaced",
  async ({ connect, topic, version }) => {
    const [client, publisher] = [await connect(), await connect()];
    const filter = { filter: topic(), qos: 1 };
    await client.subscribe(filter);
    const publishing = (async () => {
      for (let nth = 0; nth < 100; nth++) await publisher.publish(topic(), `${nth}`, { qos: 1 });
      await publisher.publish(topic(), "end", { qos: 1 });
    })();
    for (let id = 100; id < 150; id++) client.send(subscribe({ version, id, filters: [filter] }));
    await publishing;
    const payloads = (await client.messagesUntil("end")).map(({ payload }) => payload);
    expect(payloads).toEqual(Array.from({ length: 100 }, (_, nth) => `${nth}`));
  },
);

clause(
  { v4: "3.8.4-4", v5: "3.8.4-5" },
  "treats many filters in one SUBSCRIBE as as many SUBSCRIBEs, with one answer",
  async ({ connect, topic, version }) => {
    const client = await connect();
    const filters = [0, 1, 2, 0].map((qos, nth) => ({ filter: topic(`${nth}`), qos }));
    client.send(subscribe({ version, id: 9, filters: [...filters, { ...filters[0]!, qos: 2 }] }));
    expect(await client.next()).toMatchObject({ type: "suback", id: 9, codes: [0, 1, 2, 0, 2] });
    await client.ping();
    expect(client.inbox).toEqual([]);
    for (const [nth, qos] of [2, 1, 2, 0].entries()) {
      await client.publish(topic(`${nth}`), "x", { qos: 2 });
      expect((await client.message()).qos).toBe(qos);
    }
  },
);

clause(
  { v4: "3.8.4-5 3.9.3-1", v5: "3.8.4-6 3.8.4-7 3.9.3-1" },
  "answers with a code for each filter, in their order",
  async ({ connect, topic }) => {
    const client = await connect();
    const qos = Array.from({ length: 200 }, (_, nth) => nth * 7 % 3);
    const { codes } = await client.subscribe(
      ...qos.map((qos, nth) => ({ filter: topic(`${nth}`), qos })),
    );
    expect(codes).toEqual(qos);
  },
);

clause(
  { v4: "3.8.4-6", v5: "3.8.4-8" },
  "sends with the lower QoS of message and subscription",
  async ({ connect, topic }) => {
    const client = await connect();
    for (const granted of [0, 1, 2]) {
      await client.subscribe({ filter: topic(`${granted}`), qos: granted });
      for (const qos of [0, 1, 2]) {
        await client.publish(topic(`${granted}`), "x", { qos });
        expect((await client.message()).qos).toBe(Math.min(qos, granted));
      }
    }
  },
);

clause(
  { v4: "3.9.3-2", v5: "3.9.3-2" },
  "answers with SUBACK codes that exist, whatever the filter",
  async ({ connect, version }) => {
    const allowed = version === 4 ? [0, 1, 2, 0x80] : SUBSCRIBE_CODES;
    const filters = ["a#", "#/a", "a+", "+a", "", "$share/", "$share/g", "$share//a", "$share/+/a"];
    await eachOf(filters.map((filter) => [filter, filter]), async (filter) => {
      const client = await connect();
      const suback = await client.subscribe(filter).catch(() => null);
      if (suback === null) return await expectFault(client, 0x81, 0x82, 0x8f);
      for (const code of suback.codes) expect(allowed).toContain(code);
    });
  },
);

clause(
  { v5: "3.9.2-1 3.9.2-2" },
  "sends no SUBACK over the client's Maximum Packet Size",
  async ({ connect }) => {
    const client = await connect({ properties: [["maximumPacketSize", 64]] });
    const filters = Array.from({ length: 10 }, (_, nth) => ({ filter: `$share/${nth}` }));
    const suback = await client.subscribe(...filters).catch(() => null);
    if (suback === null) await expectFault(client);
    else expect(suback.size).toBeLessThanOrEqual(64);
  },
);

clause(
  { v5: "4.13.1-1" },
  "closes on properties of a SUBSCRIBE that break the protocol",
  async ({ connect }) => {
    const cases: [string, Properties][] = [
      ["identifier 0", [["subscriptionIdentifier", 0]]],
      ["two identifiers", [["subscriptionIdentifier", 1], ["subscriptionIdentifier", 2]]],
      ["a property of PUBLISH", [["topicAlias", 1]]],
      ["a reason string", [["reasonString", "x"]]],
    ];
    await eachOf(cases, async (properties) => {
      const client = await connect();
      client.send(subscribe({ version: 5, filters: [{ filter: "a" }], properties }));
      await expectFault(client, 0x81, 0x82);
    });
  },
);
