/** Chapter 3.2: CONNACK. */
import { expect } from "vitest";
import {
  bytes,
  connect as connectBytes,
  PINGREQ,
  publish,
  subscribe,
} from "../../support/mqtt_bytes.ts";
import { clause, eachOf, expectFault, type World } from "../../support/mqtt_clauses.ts";

/** What asks for a session that outlives its connection. */
const LASTING = { properties: [["sessionExpiryInterval", 600]], clean: false } as const;

/** Reason codes a CONNACK may carry: MQTT 5 §3.2.2.2. */
const CONNECT_CODES = [
  ...[0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95],
  ...[0x97, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9f],
];

/** CONNECTs that are refused, where the server minds, with a CONNACK of another code than 0. */
function refusals({ version, topic }: World): [string, Parameters<World["refused"]>[0]][] {
  const cases: [string, Parameters<World["refused"]>[0]][] = [
    ["level", version === 4 ? { level: 1 } : { level: 9 }],
    ["reserved flag", { flags: 0x03 }],
    ["a will to all", { will: { topic: topic("#") } }],
    ["a will to nobody", { will: { topic: "" } }],
  ];
  if (version === 4) return [...cases, ["no client identifier", { clientId: "", clean: false }]];
  return [
    ...cases,
    ["Receive Maximum 0", { properties: [["receiveMaximum", 0]] }],
    ["method", { properties: [["authenticationMethod", "none-such"]] }],
  ];
}

clause(
  { v4: "3.2.0-1", v5: "3.2.0-1" },
  "sends CONNACK before anything else, whatever is waiting",
  async ({ connect, open, topic, clientId, version }) => {
    const first = await connect({ clientId: clientId(), ...LASTING });
    await first.subscribe({ filter: topic(), qos: 1 });
    await first.leave();
    await (await connect()).publish(topic(), "waiting", { qos: 1 });
    const again = await connect({ clientId: clientId(), ...LASTING });
    expect(again.connack!.sessionPresent).toBe(true);
    expect((await again.message()).payload).toBe("waiting");
    const eager = await open();
    eager.send(
      bytes(
        connectBytes({ version, clientId: clientId("e") }),
        subscribe({ version, filters: [{ filter: topic() }] }),
        publish({ version, topic: topic(), qos: 1, id: 2 }),
        PINGREQ,
      ),
    );
    expect(await eager.next()).toMatchObject({ type: "connack", code: 0 });
  },
);

clause(
  { v5: "3.2.0-2" },
  "sends one CONNACK in a connection",
  async ({ connect }) => {
    const client = await connect();
    await client.ping();
    expect(client.inbox).toEqual([]);
  },
);

clause(
  { v5: "3.2.2-1" },
  "sets no reserved connect acknowledge flag",
  async (world) => {
    const { open, clientId, version } = world;
    const lasting = connectBytes({ version, clientId: clientId(), ...LASTING });
    for (const flags of [0, 1]) {
      const client = await open();
      client.send(lasting);
      expect((await client.next()).code).toBe(0);
      expect(client.head[2]).toBe(flags);
      await client.leave();
    }
  },
);

clause(
  { v4: "3.2.2-1", v5: "3.2.2-2" },
  "says that no session is present when a clean one was asked for",
  async ({ connect, clientId }) => {
    await (await connect({ clientId: clientId(), ...LASTING })).leave();
    const clean = await connect({ clientId: clientId(), ...LASTING, clean: true });
    expect(clean.connack).toMatchObject({ code: 0, sessionPresent: false });
  },
);

clause(
  { v4: "3.2.2-2", v5: "3.2.2-3" },
  "says that a session is present when it has one",
  async ({ connect, clientId }) => {
    await (await connect({ clientId: clientId(), ...LASTING })).leave();
    const { connack } = await connect({ clientId: clientId(), ...LASTING });
    expect(connack).toMatchObject({ code: 0, sessionPresent: true });
    // Taken over, while it lives.
    const { connack: taken } = await connect({ clientId: clientId(), ...LASTING });
    expect(taken).toMatchObject({ code: 0, sessionPresent: true });
  },
);

clause(
  { v4: "3.2.2-3", v5: "3.2.2-3" },
  "says that no session is present when it has none",
  async ({ connect, clientId, version }) => {
    const first = await connect({ clientId: clientId(), ...LASTING });
    expect(first.connack).toMatchObject({ code: 0, sessionPresent: false });
    await first.leave();
    // A clean session leaves nothing behind.
    const clean = { clientId: clientId("x"), clean: true };
    await (await connect(clean)).leave();
    const { connack } = await connect({
      ...clean,
      ...(version === 5 ? {} : LASTING),
      clean: false,
    });
    expect(connack).toMatchObject({ code: 0, sessionPresent: false });
  },
);

clause(
  { v4: "3.2.2-4 3.2.2-5", v5: "3.2.2-6 3.2.2-7 3.2.2-8 4.13.2-1" },
  "says of a session it refuses that none is present, why by a code that exists, and closes",
  async (world) => {
    const codes = world.version === 4 ? [0, 1, 2, 3, 4, 5] : CONNECT_CODES;
    await eachOf(refusals(world), async (options) => {
      const clientId = world.clientId("r");
      const left = await world.refused({ clientId, ...options }).catch((error) => {
        // A level nobody knows may be answered in the words of any version.
        if (options.level === 9) return [];
        throw error;
      });
      expect(left.length).toBeLessThanOrEqual(1);
      for (const { type, code, sessionPresent } of left) {
        expect([type, sessionPresent]).toEqual(["connack", false]);
        expect(code).toBeGreaterThan(0);
        expect(codes).toContain(code);
      }
    });
  },
);

clause(
  { v5: "3.2.2-9 3.2.2-10" },
  "supports every QoS it does not say it lacks, and SUBSCRIBE with any",
  async ({ connect, topic }) => {
    const client = await connect();
    const maximum = client.connack!.properties.number("maximumQos") ?? 2;
    for (const qos of [0, 1, 2]) {
      const { codes } = await client.subscribe({ filter: topic(`${qos}`), qos });
      expect(codes[0]).toBeLessThanOrEqual(qos);
      if (qos > maximum) continue;
      await client.publish(topic(`${qos}`), "x", { qos });
      expect((await client.message()).qos).toBe(codes[0]);
    }
  },
);

clause(
  { v5: "3.2.2-15" },
  "closes on a packet over the Maximum Packet Size it said",
  async ({ connect, topic }) => {
    const client = await connect();
    const maximum = client.connack!.properties.number("maximumPacketSize");
    if (maximum === undefined) return;
    client.send(
      publish({ version: 5, topic: topic(), payload: new Uint8Array(maximum), qos: 1 }).slice(
        0,
        64,
      ),
    );
    await expectFault(client, 0x95);
  },
);

clause(
  { v5: "3.2.2-17 3.2.2-18" },
  "closes on a topic alias over the Topic Alias Maximum it said",
  async ({ connect, topic }) => {
    const client = await connect();
    const maximum = client.connack!.properties.number("topicAliasMaximum") ?? 0;
    const wrong = publish({
      version: 5,
      topic: topic(),
      properties: [["topicAlias", maximum + 1]],
    });
    client.send(wrong);
    await expectFault(client, 0x94, 0x82);
  },
);

clause(
  { v5: "3.2.2-19 3.2.2-20 3.1.2-24" },
  "sends no CONNACK over the client's Maximum Packet Size",
  async ({ refused }) => {
    const method = ["authenticationMethod", "none-such"] as const;
    const cases: [string, Parameters<World["refused"]>[0]][] = [4, 5, 6, 8, 12, 20].map((size) => [
      `${size} bytes`,
      { properties: [["maximumPacketSize", size], method] },
    ]);
    await eachOf(cases, async (options, name) => {
      for (const { size } of await refused(options)) {
        expect(size).toBeLessThanOrEqual(parseInt(name));
      }
    });
  },
);

clause(
  { v5: "3.1.2-24" },
  "lets a client in with a CONNACK within its Maximum Packet Size, or not at all",
  async ({ open, version, clientId }) => {
    await eachOf([5, 8, 16, 20, 32].map((size) => [`${size}`, size]), async (size) => {
      const client = await open();
      const properties = [["maximumPacketSize", size]] as const;
      client.send(connectBytes({ version, clientId: clientId(`${size}`), properties }), PINGREQ);
      const answer = await client.next().catch(() => null);
      if (answer === null) return expect(client.isEnded).toBe(true);
      expect(answer.type).toBe("connack");
      expect(answer.size).toBeLessThanOrEqual(size);
    });
  },
);
