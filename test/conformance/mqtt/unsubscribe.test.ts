/** Chapters 3.10 and 3.11: UNSUBSCRIBE and UNSUBACK. */
import { expect } from "vitest";
import { ack, bytes, packet, Type, u16, unsubscribe } from "../../support/mqtt_bytes.ts";
import { clause, eachOf, expectFault } from "../../support/mqtt_clauses.ts";

clause(
  { v4: "3.10.1-1", v5: "3.10.1-1" },
  "closes on an UNSUBSCRIBE whose flags are not 0010",
  async ({ connect, version }) => {
    const cases = [0, 1, 3, 6, 10, 15].map((flags) => [`${flags}`, flags] as const);
    await eachOf(cases, async (flags) => {
      const client = await connect();
      const [, ...rest] = unsubscribe({ version, filters: ["a"] });
      client.send(bytes(0xa0 | flags, Uint8Array.from(rest)));
      await expectFault(client, 0x81);
    });
  },
);

clause(
  { v4: "3.10.3-1", v5: "3.10.3-1" },
  "closes on a filter that is not a UTF-8 string",
  async ({ connect, version }) => {
    const filters = [bytes(0x61, 0xff), bytes(0xc0, 0xaf), bytes(0xed, 0xa0, 0x80), bytes(0x61, 0)];
    await eachOf(filters.map((filter) => [`${filter}`, filter]), async (filter) => {
      const client = await connect();
      client.send(unsubscribe({ version, filters: ["a", filter] }));
      await expectFault(client, 0x81, 0x82, 0x8f);
    });
  },
);

clause(
  { v4: "3.10.3-2", v5: "3.10.3-2" },
  "closes on an UNSUBSCRIBE without a filter, or with half of one",
  async ({ connect, version }) => {
    const head = bytes(u16(1), version === 5 ? 0 : bytes());
    const cases: [string, Uint8Array][] = [
      ["no filter", packet(Type.unsubscribe, head)],
      ["half a length", packet(Type.unsubscribe, head, 0)],
      ["half a filter", packet(Type.unsubscribe, head, 0, 5, 0x61)],
      ["nothing at all", packet(Type.unsubscribe)],
    ];
    await eachOf(cases, async (bad) => {
      const client = await connect();
      client.send(bad);
      await expectFault(client, 0x81, 0x82);
    });
  },
);

clause(
  { v4: "3.10.4-1", v5: "3.10.4-1" },
  "compares filters character by character",
  async ({ connect, topic, version }) => {
    const client = await connect();
    const kept = [topic("a/+"), topic("a/#"), topic("A/b"), topic("a/b/"), `/${topic("a/b")}`];
    await client.subscribe(...kept);
    const { codes } = await client.unsubscribe(topic("a/b"), topic("a"), topic("+/b"), topic("#"));
    if (version === 5) expect(codes).toEqual([0x11, 0x11, 0x11, 0x11]);
    for (const filter of kept) {
      const name = filter.replace("+", "b").replace("#", "b");
      await client.publish(name, "x", { qos: 1 });
      expect((await client.message()).topic).toBe(name);
      while (client.inbox.length > 0) await client.message();
    }
  },
);

clause(
  { v4: "3.10.4-1 3.10.4-2", v5: "3.10.4-1 3.10.4-2" },
  "sends nothing new of a subscription that is gone",
  async ({ connect, topic, version }) => {
    const client = await connect();
    await client.subscribe(topic("a"), topic("b/#"), topic("c/+"), topic("end"));
    const gone = [topic("a"), topic("b/#"), topic("c/+")];
    const { codes } = await client.unsubscribe(...gone);
    if (version === 5) expect(codes).toEqual([0, 0, 0]);
    for (const name of ["a", "b/x", "c/x"]) await client.publish(topic(name), "x", { qos: 1 });
    await client.publish(topic("end"), "end", { qos: 1 });
    expect(await client.messagesUntil("end")).toEqual([]);
  },
);

clause(
  { v4: "3.10.4-3", v5: "3.10.4-3" },
  "completes what it has begun to send of a subscription that is gone",
  async ({ connect, topic, clientId }) => {
    const lasting = {
      clientId: clientId(),
      clean: false,
      properties: [["sessionExpiryInterval", 600]],
    } as const;
    const client = await connect(lasting);
    await client.subscribe({ filter: topic(), qos: 2 });
    await client.publish(topic(), "one", { qos: 1 });
    await client.publish(topic(), "two", { qos: 2 });
    const [one, two] = [await client.take("publish"), await client.take("publish")];
    await client.unsubscribe(topic());
    client.send(ack("pubrec", two.id));
    await client.take("pubrel", two.id);
    client.drop();
    const again = await connect(lasting);
    expect(again.connack!.sessionPresent).toBe(true);
    expect(await again.take("publish")).toMatchObject({ id: one.id, payload: "one", dup: true });
    expect(await again.take("pubrel")).toMatchObject({ id: two.id });
    again.send(ack("puback", one.id), ack("pubcomp", two.id));
  },
);

clause(
  { v4: "3.10.4-4", v5: "3.10.4-4 3.10.4-5" },
  "answers each UNSUBSCRIBE with an UNSUBACK of its packet identifier",
  async ({ connect, topic, version }) => {
    const client = await connect();
    await client.subscribe(topic("1"));
    const ids = [3, 2, 40_000, 1];
    client.send(...ids.map((id) => unsubscribe({ version, id, filters: [topic(`${id}`)] })));
    for (const id of ids) expect(await client.next()).toMatchObject({ type: "unsuback", id });
  },
);

clause(
  { v4: "3.10.4-5", v5: "3.10.4-5" },
  "answers an UNSUBSCRIBE that ends nothing",
  async ({ connect, topic, version }) => {
    const { codes } = await (await connect()).unsubscribe(topic("none"), topic("#"));
    expect(codes).toEqual(version === 4 ? [] : [0x11, 0x11]);
  },
);

clause(
  { v4: "3.10.4-6", v5: "3.10.4-6 3.11.3-1 3.11.3-2" },
  "treats many filters in one UNSUBSCRIBE as as many, with one answer, its codes in order",
  async ({ connect, topic, version }) => {
    const client = await connect();
    await client.subscribe(topic("a"), topic("b"), topic("end"));
    const filters = [topic("none"), topic("a"), topic("a"), topic("b")];
    client.send(unsubscribe({ version, id: 8, filters }));
    const codes = version === 4 ? [] : [0x11, 0, 0x11, 0];
    expect(await client.next()).toMatchObject({ type: "unsuback", id: 8, codes });
    for (const name of ["a", "b"]) await client.publish(topic(name), "x", { qos: 1 });
    await client.publish(topic("end"), "end", { qos: 1 });
    expect(await client.messagesUntil("end")).toEqual([]);
  },
);

clause(
  { v5: "3.11.3-2" },
  "answers with UNSUBACK codes that exist, whatever the filter",
  async ({ connect }) => {
    const filters = ["a#", "#/a", "a+", "", "$share/", "$share/g", "$share//a", "$SYS/#"];
    await eachOf(filters.map((filter) => [filter, filter]), async (filter) => {
      const client = await connect();
      const unsuback = await client.unsubscribe(filter).catch(() => null);
      if (unsuback === null) return await expectFault(client, 0x81, 0x82, 0x8f);
      expect([0, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91]).toContain(unsuback.codes[0]);
    });
  },
);

clause(
  { v5: "3.11.2-1 3.11.2-2" },
  "sends no UNSUBACK over the client's Maximum Packet Size",
  async ({ connect }) => {
    const client = await connect({ properties: [["maximumPacketSize", 64]] });
    const filters = Array.from({ length: 20 }, (_, nth) => `none/${nth}`);
    expect((await client.unsubscribe(...filters)).size).toBeLessThanOrEqual(64);
  },
);
