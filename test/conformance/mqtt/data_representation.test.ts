/** Chapters 1 and 2: strings, integers, flags, packet identifiers, properties. */
import { expect } from "vitest";
import {
  ack,
  bytes,
  connect,
  packet,
  publish,
  subscribe,
  type Text,
  text,
  Type,
  u16,
  unsubscribe,
  type Version,
} from "../../support/mqtt_bytes.ts";
import { clause, eachOf, expectFault, type World } from "../../support/mqtt_clauses.ts";

const ILL_FORMED: readonly (readonly [string, Uint8Array])[] = [
  ["a surrogate", bytes(0x61, 0xed, 0xa0, 0x80)],
  ["a pair of surrogates", bytes(0xed, 0xa0, 0x81, 0xed, 0xb0, 0x80)],
  ["an overlong slash", bytes(0xc0, 0xaf)],
  ["an overlong three byte form", bytes(0xe0, 0x80, 0xaf)],
  ["a sequence that ends early", bytes(0x61, 0xc3)],
  ["a lone continuation", bytes(0x80, 0x61)],
  ["a code point over U+10FFFF", bytes(0xf4, 0x90, 0x80, 0x80)],
  ["0xFF", bytes(0x61, 0xff)],
];
const NULL = bytes(0x61, 0, 0x62);

/** Each place a client may put a string in after CONNECT. */
function carriers(version: Version, wrong: Text): [string, Uint8Array][] {
  const list: [string, Uint8Array][] = [
    ["topic name, QoS 0", publish({ version, topic: wrong })],
    ["topic name, QoS 1", publish({ version, topic: wrong, qos: 1 })],
    ["filter", subscribe({ version, filters: [{ filter: wrong }] })],
    ["second filter", subscribe({ version, filters: [{ filter: "a" }, { filter: wrong }] })],
    ["filter of UNSUBSCRIBE", unsubscribe({ version, filters: [wrong] })],
  ];
  if (version === 4) return list;
  const contentType = publish({ version, topic: "a", properties: [["contentType", wrong]] });
  return [...list, ["content type", contentType]];
}

async function eachCarrier({ connect, version }: World, wrong: Uint8Array): Promise<void> {
  await eachOf(carriers(version, wrong), async (bad) => {
    const client = await connect();
    client.send(bad);
    await expectFault(client, 0x81, 0x82, 0x8f, 0x90);
  });
}

clause(
  { v4: "1.5.3-1", v5: "1.5.4-1" },
  "closes on a string that is not well-formed UTF-8",
  async (world) => {
    for (const [name, wrong] of ILL_FORMED) {
      await eachOf([[name, wrong]], () => eachCarrier(world, wrong));
    }
  },
);

clause(
  { v4: "1.5.3-2", v5: "1.5.4-2" },
  "closes on a string with U+0000",
  (world) => eachCarrier(world, NULL),
);

clause(
  { v4: "1.5.3-1 1.5.3-2", v5: "1.5.4-1 1.5.4-2" },
  "does not let a client in whose CONNECT has such a string",
  async ({ refused }) => {
    const cases: [string, Parameters<World["refused"]>[0]][] = [];
    for (const [name, wrong] of [...ILL_FORMED, ["U+0000", NULL] as const]) {
      cases.push([`client identifier, ${name}`, { clientId: wrong }]);
      cases.push([`will topic, ${name}`, { will: { topic: wrong } }]);
      cases.push([`user name, ${name}`, { userName: wrong, password: "x" }]);
    }
    await eachOf(cases, async (options) => {
      const left = await refused(options);
      for (const { type, code } of left) {
        expect(type).toBe("connack");
        expect(code).toBeGreaterThan(0);
      }
    });
  },
);

clause(
  { v4: "1.5.3-3", v5: "1.5.4-3" },
  "keeps U+FEFF wherever it stands",
  async ({ connect, topic }) => {
    const client = await connect();
    const [plain, marked] = [topic("a"), `\ufeff${topic("a\ufeffb")}`];
    await client.subscribe(plain, marked, topic("ab"), topic("end"));
    await client.publish(marked, "marked");
    await client.publish(topic("end"), "end");
    const messages = await client.messagesUntil("end");
    expect(messages.map(({ topic }) => topic)).toEqual([marked]);
  },
);

clause(
  { v5: "1.5.5-1" },
  "writes remaining lengths in as few bytes as they need",
  async ({ connect, topic }) => {
    const client = await connect();
    await client.subscribe(topic());
    // The reader throws on a length that is longer than it must be.
    for (const size of [0, 90, 100, 126, 127, 128, 129, 16_300, 16_400]) {
      await client.publish(topic(), new Uint8Array(size).fill(0x61));
      expect((await client.message()).payload.length).toBe(size);
    }
  },
);

clause(
  { v4: "4.8.0-1", v5: "1.5.5-1 4.13.1-1" },
  "closes on a remaining length of more than four bytes",
  async ({ connect }) => {
    const client = await connect();
    client.send(bytes(Type.publish, 0x80, 0x80, 0x80, 0x80, 0x01));
    await expectFault(client, 0x81);
  },
);

clause(
  { v5: "1.5.7-1" },
  "closes on a user property that is not a pair of UTF-8 strings",
  async ({ connect }) => {
    const cases = [...ILL_FORMED, ["U+0000", NULL] as const].flatMap(([name, wrong]) =>
      [
        [`name: ${name}`, bytes(0x26, text(wrong), text("x"))],
        [`value: ${name}`, bytes(0x26, text("x"), text(wrong))],
      ] as const
    );
    await eachOf(cases, async (property) => {
      const client = await connect();
      client.send(packet(Type.publish, text("a"), property.length, property));
      await expectFault(client, 0x81, 0x82);
    });
  },
);

clause(
  { v4: "2.2.2-1 2.2.2-2", v5: "2.1.3-1" },
  "closes on reserved flags of a fixed header that are not as they must be",
  async ({ connect, version }) => {
    const filters = [{ filter: "a" }];
    const wrong = ([first, ...rest]: Uint8Array, flags: number) =>
      bytes(first! & 0xf0 | flags, Uint8Array.from(rest));
    const cases: [string, Uint8Array][] = [
      ["SUBSCRIBE", wrong(subscribe({ version, filters }), 0)],
      ["SUBSCRIBE 3", wrong(subscribe({ version, filters }), 3)],
      ["UNSUBSCRIBE", wrong(unsubscribe({ version, filters: ["a"] }), 0)],
      ["PUBACK", wrong(ack("puback", 1), 1)],
      ["PUBREC", wrong(ack("pubrec", 1), 2)],
      ["PUBREL", wrong(ack("pubrel", 1), 0)],
      ["PUBCOMP", wrong(ack("pubcomp", 1), 2)],
      ["PINGREQ", packet(0xc1)],
      ["DISCONNECT", packet(0xe2)],
    ];
    await eachOf(cases, async (bad) => {
      const client = await connect();
      client.send(bad);
      await expectFault(client, 0x81);
    });
  },
);

clause(
  { v4: "2.2.2-2", v5: "2.1.3-1" },
  "does not let a client in whose CONNECT has flags in its fixed header",
  async ({ open, version }) => {
    const client = await open();
    const good = connect({ version, clientId: "a" });
    client.send(bytes(0x11, good.subarray(1)));
    for (const { code } of await client.ended()) expect(code).toBeGreaterThan(0);
  },
);

clause(
  { v4: "4.8.0-1", v5: "4.13.1-1" },
  "closes on a packet that only a server may send, or nobody",
  async ({ connect, version }) => {
    const cases: [string, Uint8Array][] = [
      ["type 0", packet(0x00)],
      ["CONNACK", packet(Type.connack, 0, 0, version === 5 ? 0 : bytes())],
      ["SUBACK", packet(Type.suback, u16(1), version === 5 ? 0 : bytes(), 0)],
      ["UNSUBACK", packet(Type.unsuback, u16(1), version === 5 ? bytes(0, 0) : bytes())],
      ["PINGRESP", packet(Type.pingresp)],
    ];
    if (version === 4) cases.push(["type 15", packet(Type.auth)]);
    await eachOf(cases, async (bad) => {
      const client = await connect();
      client.send(bad);
      await expectFault(client, 0x81, 0x82);
    });
  },
);

clause(
  { v4: "2.3.1-1", v5: "2.2.1-3" },
  "closes on a packet identifier of 0",
  async ({ connect, version }) => {
    const cases: [string, Uint8Array][] = [
      ["PUBLISH QoS 1", publish({ version, topic: "a", qos: 1, id: 0 })],
      ["PUBLISH QoS 2", publish({ version, topic: "a", qos: 2, id: 0 })],
      ["SUBSCRIBE", subscribe({ version, id: 0, filters: [{ filter: "a" }] })],
      ["UNSUBSCRIBE", unsubscribe({ version, id: 0, filters: ["a"] })],
    ];
    await eachOf(cases, async (bad) => {
      const client = await connect();
      client.send(bad);
      await expectFault(client, 0x81, 0x82);
    });
  },
);

clause(
  { v4: "2.3.1-4", v5: "2.2.1-4" },
  "gives each message in flight to a client an identifier of its own, never 0",
  async ({ connect, topic }) => {
    const client = await connect();
    await client.subscribe({ filter: topic(), qos: 2 });
    for (let nth = 0; nth < 16; nth++) {
      await client.publish(topic(), `${nth}`, { qos: 1 + nth % 2 });
    }
    const ids = new Set<number>();
    for (let nth = 0; nth < 16; nth++) ids.add((await client.take("publish")).id);
    expect(ids.size).toBe(16);
    expect(ids).not.toContain(0);
  },
);

clause(
  { v4: "2.3.1-5", v5: "2.2.1-2" },
  "sends QoS 0 without a packet identifier",
  async ({ connect, topic }) => {
    const client = await connect();
    await client.subscribe(topic());
    await client.publish(topic(), "xyz", { qos: 1 });
    const message = await client.message();
    // Two bytes more of payload would be the identifier.
    expect([message.qos, message.payload]).toEqual([0, "xyz"]);
  },
);

clause(
  { v4: "2.3.1-6", v5: "2.2.1-5" },
  "answers with the packet identifier of the publish",
  async ({ connect, topic, version }) => {
    const client = await connect();
    for (const id of [1, 255, 256, 32_768, 65_535]) {
      client.send(publish({ version, topic: topic(), qos: 1, id }));
      expect(await client.next()).toMatchObject({ type: "puback", id });
      client.send(publish({ version, topic: topic(), qos: 2, id }));
      expect(await client.next()).toMatchObject({ type: "pubrec", id });
      client.send(ack("pubrel", id));
      expect(await client.next()).toMatchObject({ type: "pubcomp", id });
    }
  },
);

clause(
  { v4: "2.3.1-6", v5: "2.2.1-5" },
  "releases with the packet identifier of its own publish",
  async ({ connect, topic }) => {
    const client = await connect();
    await client.subscribe({ filter: topic(), qos: 2 });
    await client.publish(topic(), "x", { qos: 2, id: 7_000 });
    const { id } = await client.take("publish");
    client.send(ack("pubrec", id));
    expect(await client.next()).toMatchObject({ type: "pubrel", id, flags: 2 });
  },
);

clause(
  { v4: "2.3.1-7", v5: "2.2.1-6" },
  "acknowledges SUBSCRIBE and UNSUBSCRIBE with their packet identifiers",
  async ({ connect, topic, version }) => {
    const client = await connect();
    for (const id of [1, 300, 65_535]) {
      client.send(subscribe({ version, id, filters: [{ filter: topic() }] }));
      expect(await client.next()).toMatchObject({ type: "suback", id });
      client.send(unsubscribe({ version, id, filters: [topic()] }));
      expect(await client.next()).toMatchObject({ type: "unsuback", id });
    }
  },
);

clause(
  { v5: "2.2.2-1" },
  "closes on a packet that leaves its property length out",
  async ({ connect }) => {
    const cases: [string, Uint8Array][] = [
      ["PUBLISH", packet(Type.publish, text("a"))],
      ["PUBLISH QoS 1", packet(Type.publish | 2, text("a"), u16(1))],
      ["SUBSCRIBE", packet(Type.subscribe, u16(1))],
      ["UNSUBSCRIBE", packet(Type.unsubscribe, u16(1))],
    ];
    await eachOf(cases, async (bad) => {
      const client = await connect();
      client.send(bad);
      await expectFault(client, 0x81, 0x82);
    });
  },
);

clause(
  { v5: "2.2.2-1" },
  "says a property length of 0 where it has no properties to send",
  async ({ connect, topic }) => {
    const client = await connect();
    // The reader reads a property length in each of these, or what follows makes no sense.
    expect((await client.subscribe({ filter: topic(), qos: 0 })).codes).toEqual([0]);
    await client.publish(topic(), "\u0005hello");
    expect((await client.message()).payload).toBe("\u0005hello");
    expect((await client.unsubscribe(topic())).codes).toEqual([0]);
  },
);

clause(
  { v5: "4.13.1-1" },
  "closes on properties that may not stand where they stand",
  async ({ connect, topic }) => {
    const of = (...properties: Uint8Array[]) => {
      const all = bytes(...properties);
      return packet(Type.publish, text(topic()), all.length, all);
    };
    const cases: [string, Uint8Array][] = [
      ["unknown identifier", of(bytes(0x7f, 0))],
      ["identifier of CONNECT", of(bytes(0x21, 0, 9))],
      ["twice", of(bytes(0x01, 1), bytes(0x01, 1))],
      ["a flag of 2", of(bytes(0x01, 2))],
      ["value cut off", of(bytes(0x02, 0, 0))],
      ["longer than the packet", packet(Type.publish, text("a"), 200, 0)],
    ];
    await eachOf(cases, async (bad) => {
      const client = await connect();
      client.send(bad);
      await expectFault(client, 0x81, 0x82, 0x99);
    });
  },
);
