/** Chapters 3.1.2.4, 4.1 and 4.5: what a server remembers of a client, and for how long. */
import { expect } from "vitest";
import { ack, publish, type Version } from "../../support/mqtt_bytes.ts";
import { clause, pass, type World } from "../../support/mqtt_clauses.ts";

const NEVER = 0xffff_ffff;

/** A session that outlives its connection, in the words of either version. */
function lasting(clientId: string, expiryS = NEVER) {
  const properties = [["sessionExpiryInterval", expiryS]] as const;
  return { clientId, clean: false, properties };
}

/** Leaves a session behind that has a subscription, and returns how to come back to it. */
async function leaveSubscribed(world: World, filter: string, qos = 2) {
  const options = lasting(world.clientId("s"));
  const client = await world.connect(options);
  await client.subscribe({ filter, qos });
  await client.leave();
  return options;
}

clause(
  { v4: "3.1.2-4 3.1.4-3", v5: "3.1.2-5 3.1.2-23 3.1.4-4" },
  "resumes a session with its subscriptions",
  async (world) => {
    const options = await leaveSubscribed(world, world.topic());
    const client = await world.connect(options);
    expect(client.connack!.sessionPresent).toBe(true);
    await client.publish(world.topic(), "live", { qos: 2 });
    expect(await client.message()).toMatchObject({ payload: "live", qos: 2 });
  },
);

clause(
  { v4: "3.1.2-4", v5: "3.1.2-6" },
  "begins a session where there is none to resume",
  async ({ connect, clientId, topic }) => {
    const client = await connect(lasting(clientId()));
    expect(client.connack!.sessionPresent).toBe(false);
    await client.subscribe(topic());
    await client.publish(topic(), "x");
    expect((await client.message()).payload).toBe("x");
  },
);

clause(
  { v4: "3.1.2-5 4.5.0-1 4.1.0-1", v5: "3.1.2-23 4.5.0-1" },
  "keeps QoS 1 and 2 messages for a client that is away",
  async (world) => {
    const options = await leaveSubscribed(world, world.topic());
    const publisher = await world.connect();
    for (let nth = 0; nth < 10; nth++) {
      await publisher.publish(world.topic(), `${nth}`, { qos: 1 + nth % 2 });
    }
    const client = await world.connect(options);
    for (let nth = 0; nth < 10; nth++) {
      const expected = { payload: `${nth}`, qos: 1 + nth % 2, dup: false };
      expect(await client.message()).toMatchObject(expected);
    }
  },
);

clause(
  { v4: "4.5.0-1", v5: "4.5.0-1" },
  "hands a message to every session with a matching subscription, and to no other",
  async (world) => {
    const { topic, connect } = world;
    const [a, b, c] = [await connect(), await connect(), await connect()];
    await a.subscribe(topic("x/y"), topic("end"));
    await b.subscribe(topic("x/+"), topic("end"));
    await c.subscribe(topic("y/#"), topic("end"));
    const publisher = await connect();
    await publisher.publish(topic("x/y"), "1", { qos: 1 });
    await publisher.publish(topic("end"), "end", { qos: 1 });
    expect((await a.messagesUntil("end")).length).toBe(1);
    expect((await b.messagesUntil("end")).length).toBe(1);
    expect((await c.messagesUntil("end")).length).toBe(0);
  },
);

clause(
  { v4: "3.1.2-6 3.1.4-3", v5: "3.1.2-4 3.1.4-4" },
  "forgets a session, its subscriptions and what waits for it when a clean one is asked for",
  async (world) => {
    const { topic, connect } = world;
    const options = await leaveSubscribed(world, topic());
    await (await connect()).publish(topic(), "old", { qos: 1 });
    const client = await connect({ ...options, clean: true });
    expect(client.connack!.sessionPresent).toBe(false);
    await client.subscribe(topic("end"));
    await client.publish(topic(), "new", { qos: 1 });
    await client.publish(topic("end"), "end", { qos: 1 });
    expect(await client.messagesUntil("end")).toEqual([]);
  },
);

clause(
  { v4: "3.1.2-6", v5: "4.1.0-2" },
  "ends a session that is not to outlive its connection with it",
  async (world) => {
    const { topic, connect, version } = world;
    const clientId = world.clientId();
    const first = await connect({ clientId, clean: true });
    await first.subscribe({ filter: topic(), qos: 1 });
    await first.leave();
    await (await connect()).publish(topic(), "missed", { qos: 1 });
    const again = await connect(version === 4 ? lasting(clientId) : { clientId, clean: false });
    expect(again.connack!.sessionPresent).toBe(false);
    await again.subscribe(topic("end"));
    await again.publish(topic("end"), "end");
    expect(await again.messagesUntil("end")).toEqual([]);
  },
);

clause(
  { v4: "3.1.2-7", v5: "3.3.1-5" },
  "keeps a retained message when the session that published it ends",
  async ({ connect, topic }) => {
    const publisher = await connect();
    await publisher.publish(topic(), "kept", { qos: 1, retain: true });
    await publisher.leave();
    const client = await connect();
    await client.subscribe(topic());
    expect(await client.message()).toMatchObject({ payload: "kept", retain: true });
    await client.publish(topic(), "", { retain: true });
  },
);

clause(
  { v4: "3.1.3-2", v5: "3.1.3-2" },
  "finds a session by the client identifier, and by nothing else",
  async (world) => {
    await leaveSubscribed(world, world.topic());
    const { connack } = await world.connect(lasting(world.clientId("S")));
    expect(connack!.sessionPresent).toBe(false);
    expect((await world.connect(lasting(world.clientId("s")))).connack!.sessionPresent).toBe(true);
  },
);

clause(
  { v4: "4.1.0-1 4.1.0-2", v5: "4.1.0-1" },
  "keeps a session while its connection lasts",
  async ({ connect, topic }) => {
    const client = await connect({ clean: true });
    await client.subscribe({ filter: topic(), qos: 2 });
    client.send(ack("pubrec", 4_711));
    for (let turn = 0; turn < 3; turn++) {
      await pass(500);
      await client.publish(topic(), `${turn}`, { qos: 2 });
      expect((await client.message()).payload).toBe(`${turn}`);
    }
  },
);

clause(
  { v5: "4.1.0-2" },
  "ends a session when its expiry interval has passed",
  async (world) => {
    const { connect, clientId } = world;
    const client = await connect(lasting(clientId(), 1));
    await client.leave();
    await pass(8_000);
    expect((await connect(lasting(clientId()))).connack!.sessionPresent).toBe(false);
  },
);

clause(
  { v5: "3.1.2-23" },
  "keeps a session whose expiry interval has not passed",
  async ({ connect, clientId }) => {
    await (await connect(lasting(clientId(), 30))).leave();
    await pass(2_000);
    expect((await connect(lasting(clientId(), 30))).connack!.sessionPresent).toBe(true);
  },
);

clause(
  { v5: "3.1.2-23 4.1.0-2" },
  "takes the expiry interval a DISCONNECT says in place of that of CONNECT",
  async ({ connect, clientId }) => {
    const ended = await connect(lasting(clientId("a"), 600));
    await ended.leave(0, [["sessionExpiryInterval", 0]]);
    expect((await connect(lasting(clientId("a")))).connack!.sessionPresent).toBe(false);
    const kept = await connect(lasting(clientId("b"), 1));
    await kept.leave(0, [["sessionExpiryInterval", 600]]);
    await pass(7_000);
    expect((await connect(lasting(clientId("b")))).connack!.sessionPresent).toBe(true);
  },
);

clause(
  { v4: "4.1.0-1 4.3.3-2", v5: "3.1.2-23 4.3.3-10" },
  "keeps the packet identifiers of QoS 2 publishes that were not released",
  async (world) => {
    const { connect, topic, version } = world;
    const subscriber = await connect();
    await subscriber.subscribe({ filter: topic(), qos: 2 });
    const options = lasting(world.clientId());
    const first = await connect(options);
    first.send(publishOnce(version, topic(), 77, false));
    await first.take("pubrec", 77);
    first.drop();
    const again = await connect(options);
    expect(again.connack!.sessionPresent).toBe(true);
    again.send(publishOnce(version, topic(), 77, true));
    await again.take("pubrec", 77);
    again.send(ack("pubrel", 77));
    await again.take("pubcomp", 77);
    await again.publish(topic(), "end", { qos: 2 });
    expect((await subscriber.messagesUntil("end")).map(({ payload }) => payload)).toEqual(["once"]);
  },
);

function publishOnce(version: Version, topic: string, id: number, dup: boolean): Uint8Array {
  return publish({ version, topic, payload: "once", qos: 2, id, dup });
}

clause(
  { v4: "3.1.2-4 4.4.0-1", v5: "3.1.2-5 4.4.0-1" },
  "resumes a session for a client that comes back with the other version",
  async ({ connect, clientId, topic, version }) => {
    const other = version === 4 ? 5 : 4;
    const first = await connect({ ...lasting(clientId()), version: other });
    await first.subscribe({ filter: topic(), qos: 2 });
    await first.publish(topic(), "in flight", { qos: 1 });
    const { id } = await first.take("publish");
    first.drop();
    await (await connect()).publish(topic(), "missed", { qos: 2 });
    const again = await connect(lasting(clientId()));
    expect(again.connack!.sessionPresent).toBe(true);
    expect(await again.message()).toMatchObject({ id, payload: "in flight", dup: true });
    expect(await again.message()).toMatchObject({ payload: "missed", qos: 2, dup: false });
  },
);
