/** Chapter 4.8: shared subscriptions, which MQTT 5 has. */
import { expect } from "vitest";
import { ack, subscribe } from "../../support/mqtt_bytes.ts";
import { clause, eachOf, pass, type World } from "../../support/mqtt_clauses.ts";
import type { RawMqttClient } from "../../support/mqtt_raw_client.ts";

function lasting(world: World, name: string, expiryS = 600) {
  const properties = [["sessionExpiryInterval", expiryS]] as const;
  return { clientId: world.clientId(name), clean: false, properties };
}

/** What members have got when as many messages as `count` have come to them together. */
async function collect(members: readonly RawMqttClient[], count: number): Promise<string[][]> {
  const got: string[][] = members.map(() => []);
  const total = () => got.reduce((sum, { length }) => sum + length, 0);
  for (let turn = 0; total() < count && turn < 1_000; turn++) {
    for (const [nth, member] of members.entries()) {
      while (member.inbox.some(({ type }) => type === "publish")) {
        got[nth]!.push((await member.message()).payload);
      }
    }
    if (total() < count) await pass(10);
  }
  return got;
}

const numbers = (count: number) => Array.from({ length: count }, (_, nth) => `${nth}`);

clause(
  { v5: "4.8.2-1 4.8.2-2" },
  "refuses shared filters without a name, with a wildcard in it, or without a filter",
  async ({ connect }) => {
    const wrong = ["$share", "$share/", "$share/g", "$share//a", "$share/g+/a", "$share/#/a"];
    wrong.push("$share/+/a", "$share/g/", "$share/g/a#");
    await eachOf(wrong.map((filter) => [filter, filter]), async (filter) => {
      const client = await connect();
      client.send(subscribe({ version: 5, filters: [{ filter }] }));
      const answer = await client.next().catch(() => null);
      if (answer?.type !== "suback") return void await client.ended();
      // `$share` is a topic name like any other, if an odd one.
      if (filter !== "$share") expect(answer.codes[0]).toBeGreaterThanOrEqual(0x80);
    });
  },
);

clause(
  { v5: "4.8.2-1 4.8.2-2" },
  "sends each message to one member of a group, and to each group",
  async ({ connect, topic }) => {
    const members = [await connect(), await connect(), await connect()];
    const other = await connect();
    const plain = await connect();
    for (const member of members) {
      const filter = `$share/g/${topic("#")}`;
      expect((await member.subscribe({ filter, qos: 1 })).codes).toEqual([1]);
    }
    await other.subscribe({ filter: `$share/h/${topic("#")}`, qos: 1 });
    await plain.subscribe({ filter: topic("#"), qos: 1 });
    const publisher = await connect();
    for (const number of numbers(30)) await publisher.publish(topic("a"), number, { qos: 1 });
    const got = await collect(members, 30);
    expect(got.flat().map(Number).toSorted((a, b) => a - b).map(String)).toEqual(numbers(30));
    // Not all to the same, or it is not shared.
    expect(got.filter(({ length }) => length > 0).length).toBeGreaterThan(1);
    expect((await collect([other], 30))[0]).toEqual(numbers(30));
    expect((await collect([plain], 30))[0]).toEqual(numbers(30));
    await publisher.ping();
    for (const member of members) expect(member.inbox).toEqual([]);
  },
);

clause(
  { v5: "4.8.2-1" },
  "sends no retained message to a new member of a group",
  async ({ connect, topic }) => {
    const publisher = await connect();
    await publisher.publish(topic("a"), "old", { qos: 1, retain: true });
    const member = await connect();
    await member.subscribe({ filter: `$share/g/${topic("#")}`, qos: 1 });
    await publisher.publish(topic("b"), "end", { qos: 1 });
    expect(await member.messagesUntil("end")).toEqual([]);
    await publisher.publish(topic("a"), "", { retain: true });
  },
);

clause(
  { v5: "4.8.2-1" },
  "sends nothing to a member that has left its group",
  async ({ connect, topic }) => {
    const [stays, goes] = [await connect(), await connect()];
    const filter = `$share/g/${topic()}`;
    for (const member of [stays, goes]) await member.subscribe({ filter, qos: 1 });
    expect((await goes.unsubscribe(topic())).codes).toEqual([0x11]);
    expect((await goes.unsubscribe(filter)).codes).toEqual([0]);
    const publisher = await connect();
    for (const number of numbers(10)) await publisher.publish(topic(), number, { qos: 1 });
    expect((await collect([stays], 10))[0]).toEqual(numbers(10));
    expect(goes.inbox).toEqual([]);
  },
);

clause(
  { v5: "4.8.2-3" },
  "respects the QoS granted to each member",
  async ({ connect, topic }) => {
    const members = [await connect(), await connect(), await connect()];
    const filter = `$share/g/${topic()}`;
    for (const [qos, member] of members.entries()) await member.subscribe({ filter, qos });
    const publisher = await connect();
    for (const number of numbers(12)) await publisher.publish(topic(), number, { qos: 2 });
    let seen = 0;
    for (let turn = 0; seen < 12 && turn < 500; turn++) {
      for (const [qos, member] of members.entries()) {
        while (member.inbox.some(({ type }) => type === "publish")) {
          expect((await member.message()).qos).toBe(qos);
          seen++;
        }
      }
      await pass(10);
    }
    expect(seen).toBe(12);
  },
);

clause(
  { v5: "4.8.2-4" },
  "completes the QoS 2 delivery it has begun to a member when that member is back",
  async (world) => {
    const { connect, topic } = world;
    const filter = `$share/g/${topic()}`;
    const first = await connect(lasting(world, "a"));
    await first.subscribe({ filter, qos: 2 });
    await (await connect()).publish(topic(), "x", { qos: 2 });
    const { id } = await first.take("publish");
    const other = await connect();
    await other.subscribe({ filter, qos: 2 });
    first.drop();
    await pass(500);
    expect(other.inbox).toEqual([]);
    const back = await connect(lasting(world, "a"));
    expect(await back.message()).toMatchObject({ id, payload: "x", qos: 2, dup: true });
  },
);

clause(
  { v5: "4.8.2-5" },
  "sends a QoS 2 message to no other member when the session it was sent to has ended",
  async (world) => {
    const { connect, topic } = world;
    const filter = `$share/g/${topic()}`;
    const first = await connect({ clientId: world.clientId("a") });
    await first.subscribe({ filter, qos: 2 });
    const publisher = await connect();
    await publisher.publish(topic(), "x", { qos: 2 });
    await first.take("publish");
    const other = await connect();
    await other.subscribe({ filter, qos: 2 });
    first.drop();
    await connect({ clientId: world.clientId("a") });
    await pass(500);
    await publisher.publish(topic(), "end", { qos: 2 });
    expect(await other.messagesUntil("end")).toEqual([]);
  },
);

clause(
  { v5: "4.8.2-6" },
  "sends a message that a member has refused to no other",
  async ({ connect, topic }) => {
    const filter = `$share/g/${topic()}`;
    const first = await connect();
    await first.subscribe({ filter, qos: 2 });
    const publisher = await connect();
    await publisher.publish(topic(), "one", { qos: 1 });
    await publisher.publish(topic(), "two", { qos: 2 });
    const [one, two] = [await first.take("publish"), await first.take("publish")];
    const other = await connect();
    await other.subscribe({ filter, qos: 2 });
    first.send(ack("puback", one.id, 0x80), ack("pubrec", two.id, 0x80));
    await first.ping();
    await first.leave();
    await publisher.publish(topic(), "end", { qos: 1 });
    expect(await other.messagesUntil("end")).toEqual([]);
  },
);
