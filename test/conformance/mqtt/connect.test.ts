/** Chapter 3.1: CONNECT, but for sessions (session.test.ts) and wills (will.test.ts). */
import { expect } from "vitest";
import {
  auth,
  bytes,
  connect,
  disconnect,
  packet,
  PINGREQ,
  publish,
  subscribe,
  Type,
  type Version,
} from "../../support/mqtt_bytes.ts";
import {
  clause,
  eachOf,
  expectFault,
  expectRefusal,
  pass,
  type World,
} from "../../support/mqtt_clauses.ts";

clause(
  { v4: "3.1.0-1", v5: "3.1.0-1 3.14.0-1" },
  "closes, without a packet, when the first one is not CONNECT",
  async ({ open, version }) => {
    const cases: [string, Uint8Array][] = [
      ["PUBLISH", publish({ version, topic: "a" })],
      ["SUBSCRIBE", subscribe({ version, filters: [{ filter: "a" }] })],
      ["PINGREQ", PINGREQ],
      ["DISCONNECT", disconnect()],
      ["AUTH", auth(0x18, [["authenticationMethod", "x"]])],
      ["CONNACK", packet(Type.connack, 0, 0)],
    ];
    await eachOf(cases, async (first) => {
      const client = await open();
      client.send(first);
      expect(await client.ended()).toEqual([]);
    });
  },
);

clause(
  { v4: "3.1.0-2", v5: "3.1.0-2 3.2.0-2" },
  "closes on a second CONNECT, and does not answer it",
  async (world) => {
    const { version } = world;
    const client = await world.connect();
    client.send(connect({ version, clientId: world.clientId() }));
    await expectFault(client, 0x82);
    const same = await world.connect({ clientId: world.clientId() });
    same.send(connect({ version, clientId: world.clientId() }));
    await expectFault(same, 0x82);
  },
);

clause(
  { v4: "3.1.2-1", v5: "3.1.2-1" },
  "does not go on with a protocol name that is not MQTT",
  async ({ refused }) => {
    const names = ["", "mqtt", "MQT", "MQTTT", "MQTX", "HTTP"];
    await eachOf(names.map((name) => [name, name]), async (protocolName) => {
      expectRefusal(await refused({ protocolName }), 0x01, 0x84);
    });
  },
);

clause(
  { v4: "3.1.2-2" },
  "answers a protocol level it does not know with 0x01 and closes",
  async ({ refused }) => {
    await eachOf([0, 1, 2, 3].map((level) => [`${level}`, level]), async (level) => {
      const left = await refused({ level });
      expect(left).toMatchObject([{ type: "connack", code: 1, sessionPresent: false }]);
    });
  },
);

clause(
  { v5: "3.1.2-2" },
  "closes on a protocol version it does not know, and may say 0x84",
  async ({ open }) => {
    await eachOf([6, 7, 127, 255].map((level) => [`${level}`, level]), async (level) => {
      const client = await open(5);
      client.send(connect({ version: 5, level, clientId: "a" }));
      // In which version's words is left open: nobody knows what the client speaks.
      await client.ended().catch(() => {});
      expect(client.isEnded).toBe(true);
      const { head } = client;
      if (head.length === 0) return;
      expect(head[0]).toBe(Type.connack);
      expect([0x01, 0x84]).toContain(head[3]);
    });
  },
);

clause(
  { v4: "3.1.2-3", v5: "3.1.2-3" },
  "does not let in who sets the reserved connect flag",
  async ({ refused }) => expectRefusal(await refused({ flags: 0x03 }), 0x81),
);

clause(
  { v4: "3.1.2-13 3.1.2-15", v5: "3.1.2-11 3.1.2-13" },
  "does not let in who sets will QoS or will retain without a will",
  async ({ refused }) => {
    const flags: [string, number][] = [
      ["QoS 1", 0x0a],
      ["QoS 2", 0x12],
      ["QoS 3", 0x1a],
      ["retain", 0x22],
    ];
    await eachOf(flags, async (flags) => expectRefusal(await refused({ flags }), 0x81, 0x82));
  },
);

clause(
  { v4: "3.1.2-11" },
  "does not let in whose payload has a will that no flag announces",
  async ({ refused }) => {
    expectRefusal(await refused({ flags: 0x02, will: { topic: "a", payload: "x" } }));
  },
);

clause(
  { v4: "3.1.2-14", v5: "3.1.2-12" },
  "does not let in whose will has QoS 3",
  async ({ refused }) => {
    expectRefusal(await refused({ will: { topic: "a", payload: "x", qos: 3 } }), 0x81, 0x82);
  },
);

clause(
  { v4: "3.1.2-9", v5: "3.1.2-9" },
  "does not let in whose will is announced and missing",
  async ({ refused }) => {
    expectRefusal(await refused({ flags: 0x06 }), 0x81, 0x82);
    // A topic, and no payload.
    expectRefusal(await refused({ flags: 0x06, password: "a/b" }), 0x81, 0x82);
  },
);

clause(
  { v4: "3.1.2-18 3.1.2-20", v5: "3.1.2-16 3.1.2-18" },
  "does not let in whose payload has a user name or password that no flag announces",
  async ({ refused }) => {
    expectRefusal(await refused({ flags: 0x02, userName: "u" }), 0x81, 0x82);
    expectRefusal(await refused({ flags: 0x82, userName: "u", password: "p" }), 0x81, 0x82);
  },
);

clause(
  { v4: "3.1.2-19 3.1.2-21", v5: "3.1.2-17 3.1.2-19" },
  "does not let in whose user name or password is announced and missing",
  async ({ refused }) => {
    expectRefusal(await refused({ flags: 0x82 }), 0x81, 0x82);
    expectRefusal(await refused({ flags: 0xc2, userName: "u" }), 0x81, 0x82);
  },
);

clause(
  { v4: "3.1.2-22" },
  "does not let in who has a password and no user name",
  async ({ refused }) => expectRefusal(await refused({ password: "p" })),
);

clause(
  { v4: "3.1.2-24", v5: "3.1.2-22 3.2.2-22" },
  "closes a silent connection after one and a half times its keep alive, not before",
  async ({ connect }) => {
    const keepAlive = 1;
    const client = await connect({ keepAlive });
    expect(client.connack!.properties.has("serverKeepAlive")).toBe(false);
    const since = performance.now();
    await expectFault(client, 0x8d);
    expect(performance.now() - since).toBeGreaterThan(1000 * keepAlive);
  },
);

clause(
  { v4: "3.1.2-24", v5: "3.1.2-22 3.2.2-22" },
  "keeps a connection that sends packets of any kind within its keep alive",
  async ({ connect, topic }) => {
    const client = await connect({ keepAlive: 1 });
    for (let turn = 0; turn < 3; turn++) {
      await client.ping();
      await pass(750);
      await client.publish(topic(), "x");
      await pass(750);
    }
    await client.ping();
  },
);

clause(
  { v5: "3.1.2-28" },
  "gives no response information to who does not ask for it",
  async ({ connect }) => {
    for (const list of [[], [["requestResponseInformation", 0]]] as const) {
      const { connack } = await connect({ properties: list });
      expect(connack!.properties.has("responseInformation")).toBe(false);
    }
  },
);

clause(
  { v5: "3.1.2-29" },
  "gives no reason string and no user property to who does not want them",
  async (world) => {
    const client = await world.connect({ properties: [["requestProblemInformation", 0]] });
    const answers = [
      await client.subscribe({ filter: "$share//x" }).catch(() => null),
      await client.unsubscribe(world.topic("none")).catch(() => null),
      await client.publish("$SYS/x", "x", { qos: 1 }).catch(() => null),
      await client.publish("$SYS/x", "x", { qos: 2 }).catch(() => null),
    ].filter((answer) => answer !== null);
    expect(answers.map(({ properties }) => properties.list)).toEqual(answers.map(() => []));
  },
);

clause(
  { v4: "3.1.3-11", v5: "3.1.3-12" },
  "does not let in whose user name is not a UTF-8 string",
  async ({ refused }) => {
    const wrong = { userName: bytes(0xc3, 0x28), password: "p" };
    expectRefusal(await refused(wrong), 0x81, 0x82, 0x86, 0x04);
  },
);

function malformedConnects(version: Version): [string, Uint8Array][] {
  const good = connect({ version, clientId: "abc", userName: "u", password: "p" });
  const body = good.subarray(2);
  const cuts = [0, 1, 5, 7, 8, 9, 11, body.length - 1];
  return [
    ...cuts.map((size): [string, Uint8Array] => [
      `cut to ${size}`,
      packet(Type.connect, body.subarray(0, size)),
    ]),
    ["a byte too many", packet(Type.connect, body, 0)],
  ];
}

clause(
  { v4: "3.1.4-1 3.2.2-6", v5: "3.1.4-1" },
  "closes on a CONNECT that is not well formed; MQTT 3.1.1 has no answer to it",
  async ({ open, version }) => {
    await eachOf(malformedConnects(version), async (bad) => {
      const client = await open();
      client.send(bad);
      const left = await client.ended();
      if (version === 4) expect(left).toEqual([]);
      else expectRefusal(left, 0x81, 0x82, 0x84);
    });
  },
);

clause(
  { v5: "3.1.4-1" },
  "closes on a CONNECT whose properties break the protocol",
  async ({ refused }) => {
    const cases: [string, Parameters<World["refused"]>[0]][] = [
      ["Receive Maximum 0", { properties: [["receiveMaximum", 0]] }],
      ["Maximum Packet Size 0", { properties: [["maximumPacketSize", 0]] }],
      ["problem information 2", { properties: [["requestProblemInformation", 2]] }],
      ["response information 2", { properties: [["requestResponseInformation", 2]] }],
      ["data without a method", { properties: [["authenticationData", "x"]] }],
      ["twice", { properties: [["receiveMaximum", 9], ["receiveMaximum", 9]] }],
      ["a property of PUBLISH", { properties: [["topicAlias", 1]] }],
      ["will delay outside of a will", { properties: [["willDelayInterval", 1]] }],
    ];
    await eachOf(cases, async (options) => {
      expectRefusal(await refused(options), 0x81, 0x82);
    });
  },
);

clause(
  { v4: "3.1.4-2", v5: "3.1.4-3" },
  "closes the connection a client had when it comes again; MQTT 5 is told 0x8E",
  async ({ connect, clientId, version }) => {
    const first = await connect({ clientId: clientId() });
    const second = await connect({ clientId: clientId() });
    const left = await first.ended();
    if (version === 4) expect(left).toEqual([]);
    else expect(left).toMatchObject([{ type: "disconnect", code: 0x8e }]);
    await second.ping();
  },
);

clause(
  { v4: "3.1.4-4 7.0.0-2 7.1.1-1", v5: "3.1.4-5" },
  "accepts with a CONNACK of code 0",
  async ({ connect }) => {
    const { connack } = await connect();
    expect(connack).toMatchObject({ type: "connack", code: 0, sessionPresent: false });
  },
);

clause(
  { v4: "3.1.4-5", v5: "3.1.4-6" },
  "does not process what comes after a CONNECT it refuses",
  async ({ connect, open, topic, version }) => {
    const subscriber = await connect();
    await subscriber.subscribe(topic("a"), topic("end"));
    const client = await open();
    const refused = connectOf(version, { clientId: "", clean: false, flags: 0x01 });
    client.send(bytes(refused, publish({ version, topic: topic("a"), payload: "never" })));
    await client.ended();
    await (await connect()).publish(topic("end"), "end");
    expect(await subscriber.messagesUntil("end")).toEqual([]);
  },
);

function connectOf(version: Version, options: Omit<Parameters<typeof connect>[0], "version">) {
  return connect({ version, ...options });
}

clause(
  { v4: "3.1.4-5", v5: "3.1.4-5" },
  "processes what a client sends without waiting for its CONNACK",
  async ({ connect, open, topic, clientId, version }) => {
    const subscriber = await connect();
    await subscriber.subscribe(topic());
    const client = await open();
    const greeting = connectOf(version, { clientId: clientId() });
    client.send(greeting, publish({ version, topic: topic(), payload: "early", qos: 1, id: 9 }));
    expect(await client.next()).toMatchObject({ type: "connack", code: 0 });
    expect(await client.next()).toMatchObject({ type: "puback", id: 9 });
    expect((await subscriber.message()).payload).toBe("early");
  },
);
