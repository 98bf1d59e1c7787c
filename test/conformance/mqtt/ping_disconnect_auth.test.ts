/** Chapters 3.12 to 3.15 and 4.12: PINGREQ, DISCONNECT, AUTH. */
import { expect } from "vitest";
import { auth, disconnect, packet, PINGREQ, publish, Type } from "../../support/mqtt_bytes.ts";
import { clause, eachOf, expectFault } from "../../support/mqtt_clauses.ts";
import type { RawMqttClient } from "../../support/mqtt_raw_client.ts";

/** Reason codes a server may end a connection with: MQTT 5 §3.14.2.1. */
const DISCONNECT_CODES = [
  ...[0x00, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94, 0x95],
  ...[0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2],
];

/** What a connected client may not do, each of which ends its connection. */
const OFFENCES: [string, (client: RawMqttClient) => void][] = [
  ["QoS 3", (client) => client.send(publish({ version: 5, topic: "a", qos: 3 }))],
  ["a packet of type 0", (client) => client.send(packet(0))],
  ["an alias of nothing", (client) => client.send(aliased("", 1))],
  ["alias 0", (client) => client.send(aliased("a", 0))],
  ["a second CONNECT", (client) => client.send(packet(Type.connect))],
  ["AUTH out of nowhere", (client) => client.send(auth(0x19))],
  [
    "a remaining length without end",
    (client) => client.send(Uint8Array.of(0x30, 255, 255, 255, 255, 1)),
  ],
];

function aliased(topic: string, alias: number): Uint8Array {
  return publish({ version: 5, topic, properties: [["topicAlias", alias]] });
}

clause(
  { v4: "3.12.4-1", v5: "3.12.4-1" },
  "answers each PINGREQ with a PINGRESP",
  async ({ connect }) => {
    const client = await connect();
    client.send(PINGREQ, PINGREQ, PINGREQ);
    for (let nth = 0; nth < 3; nth++) {
      expect(await client.next()).toMatchObject({ type: "pingresp", size: 2 });
    }
    client.send(PINGREQ);
    expect((await client.next()).type).toBe("pingresp");
  },
);

clause(
  { v4: "4.8.0-1", v5: "4.13.1-1" },
  "closes on a PINGREQ with content",
  async ({ connect }) => {
    const client = await connect();
    client.send(packet(Type.pingreq, 0));
    await expectFault(client, 0x81);
  },
);

clause(
  { v4: "3.14.1-1", v5: "3.14.1-1" },
  "closes on a DISCONNECT with reserved bits, which keeps the will",
  async ({ connect, topic }) => {
    const subscriber = await connect();
    await subscriber.subscribe(topic());
    const cases = [1, 2, 4, 8, 15].map((flags) => [`${flags}`, flags] as const);
    await eachOf(cases, async (flags) => {
      const client = await connect({ will: { topic: topic(), payload: `${flags}` } });
      client.send(packet(Type.disconnect | flags));
      await expectFault(client, 0x81);
    });
    const wills = [];
    for (const _ of cases) wills.push((await subscriber.message()).payload);
    expect(wills.toSorted()).toEqual(["1", "15", "2", "4", "8"]);
  },
);

clause(
  { v4: "4.8.0-1" },
  "closes on a DISCONNECT with content",
  async ({ connect, topic }) => {
    const subscriber = await connect();
    await subscriber.subscribe(topic());
    const client = await connect({ will: { topic: topic(), payload: "will" } });
    client.send(packet(Type.disconnect, 0));
    await expectFault(client);
    expect((await subscriber.message()).payload).toBe("will");
  },
);

clause(
  { v4: "3.14.4-3", v5: "3.14.4-3" },
  "closes after a DISCONNECT, reads nothing after it, and says nothing",
  async ({ connect, topic, version }) => {
    const subscriber = await connect();
    await subscriber.subscribe(topic(), topic("end"));
    const client = await connect();
    client.send(disconnect(), publish({ version, topic: topic(), payload: "late" }), PINGREQ);
    expect(await client.ended()).toEqual([]);
    await subscriber.publish(topic("end"), "end");
    expect(await subscriber.messagesUntil("end")).toEqual([]);
  },
);

clause(
  { v5: "3.14.2-1 3.14.2-2 3.14.4-1 3.14.4-2 4.13.2-1" },
  "ends with a DISCONNECT whose code exists, without a session expiry, and then with nothing",
  async ({ connect }) => {
    await eachOf(OFFENCES, async (offend) => {
      const client = await connect();
      offend(client);
      client.send(PINGREQ);
      // The reader throws on a session expiry interval.
      const left = await client.ended();
      for (const { type, code } of left) {
        expect(type).toBe("disconnect");
        expect(DISCONNECT_CODES).toContain(code);
        expect(code).toBeGreaterThanOrEqual(0x80);
      }
      expect(left.length).toBeLessThanOrEqual(1);
    });
  },
);

clause(
  { v5: "3.14.2-3 3.14.2-4" },
  "sends no DISCONNECT over the client's Maximum Packet Size",
  async ({ connect }) => {
    await eachOf(OFFENCES, async (offend) => {
      const client = await connect({ properties: [["maximumPacketSize", 40]] });
      offend(client);
      for (const { size } of await client.ended()) expect(size).toBeLessThanOrEqual(40);
    });
  },
);

clause(
  { v5: "4.13.1-1" },
  "closes on a session expiry interval in the DISCONNECT of who had none",
  async ({ connect }) => {
    const client = await connect({ properties: [["sessionExpiryInterval", 0]] });
    client.send(disconnect(0, [["sessionExpiryInterval", 10]]));
    await expectFault(client, 0x82);
  },
);

clause(
  { v5: "4.13.1-1" },
  "closes on a DISCONNECT that is not well formed",
  async ({ connect, topic }) => {
    const subscriber = await connect();
    await subscriber.subscribe(topic());
    const cases: [string, Uint8Array][] = [
      ["properties cut off", packet(Type.disconnect, 0, 5, 0x11)],
      ["a property of CONNECT", disconnect(0, [["receiveMaximum", 5]])],
      ["twice", disconnect(0, [["reasonString", "a"], ["reasonString", "b"]])],
    ];
    await eachOf(cases, async (bad, name) => {
      const client = await connect({ will: { topic: topic(), payload: name } });
      client.send(bad);
      await expectFault(client, 0x81, 0x82);
    });
    for (const _ of cases) await subscriber.message();
  },
);

clause(
  { v5: "4.12.0-1 4.12.0-4" },
  "refuses an authentication method it does not support, and closes",
  async ({ refused }) => {
    const left = await refused({ properties: [["authenticationMethod", "none-such"]] });
    expect(left.length).toBeLessThanOrEqual(1);
    for (const { type, code } of left) {
      expect(type).toBe("connack");
      expect([0x8c, 0x87]).toContain(code);
    }
  },
);

clause(
  { v5: "4.12.0-6" },
  "sends neither AUTH nor an authentication method to who named none",
  async ({ connect }) => {
    const client = await connect();
    expect(client.connack!.properties.has("authenticationMethod")).toBe(false);
    await client.ping();
    expect(client.inbox).toEqual([]);
  },
);

clause(
  { v5: "4.12.0-7 4.12.1-2" },
  "closes on an AUTH of who named no method",
  async ({ connect }) => {
    const cases: [string, Uint8Array][] = [
      ["re-authenticate", auth(0x19, [["authenticationMethod", "x"]])],
      ["continue", auth(0x18, [["authenticationMethod", "x"], ["authenticationData", "y"]])],
      ["success", packet(Type.auth)],
    ];
    await eachOf(cases, async (bad) => {
      const client = await connect();
      client.send(bad);
      await expectFault(client, 0x82, 0x81, 0x87, 0x8c);
    });
  },
);

clause(
  { v5: "3.15.1-1" },
  "closes on an AUTH with reserved flags",
  async ({ connect }) => {
    const cases = [1, 2, 4, 8].map((flags) => [`${flags}`, flags] as const);
    await eachOf(cases, async (flags) => {
      const client = await connect();
      client.send(packet(Type.auth | flags, 0x19, 0));
      await expectFault(client, 0x81, 0x82);
    });
  },
);
