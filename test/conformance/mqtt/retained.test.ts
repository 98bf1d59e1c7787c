/** Chapter 3.3.1.3: retained messages, and the subscription options that speak of them. */
import { expect } from "vitest";
import type { Filter } from "../../support/mqtt_bytes.ts";
import { clause, pass, type World } from "../../support/mqtt_clauses.ts";

/** Retains these payloads by name, and drops them again when the case is over. */
async function retain(world: World, messages: Record<string, string>, qos = 1): Promise<void> {
  const client = await world.connect();
  for (const [name, payload] of Object.entries(messages)) {
    await client.publish(world.topic(name), payload, { qos, retain: true });
  }
  // QoS 0 is not acknowledged: what comes after it is.
  await client.publish(world.topic("done"), "", { qos: 1, retain: true });
}

/** What a new subscriber gets of what is retained. */
async function retained(world: World, filter: Partial<Filter> = {}): Promise<string[]> {
  const client = await world.connect();
  await client.subscribe({ filter: world.topic("#"), qos: 2, ...filter }, world.topic("end"));
  await client.publish(world.topic("end"), "end", { qos: 1 });
  const messages = await client.messagesUntil("end");
  // What is retained and what is published now come in any order.
  await pass(200);
  while (client.inbox.length > 0) messages.push(await client.message());
  const found = messages.filter(({ topic, payload }) =>
    payload !== "end" && topic !== world.topic("done")
  );
  expect(found.every(({ retain }) => retain)).toBe(true);
  return found.map(({ payload }) => payload).toSorted();
}

clause(
  { v4: "3.3.1-5", v5: "3.3.1-5" },
  "keeps the last retained message of a topic name, and its QoS",
  async (world) => {
    const { connect, topic } = world;
    for (const qos of [1, 2]) {
      await retain(world, { a: "first" }, 1);
      await retain(world, { a: `last ${qos}` }, qos);
      const client = await connect();
      await client.subscribe({ filter: topic("a"), qos: 2 });
      expect(await client.message()).toMatchObject({ payload: `last ${qos}`, qos, retain: true });
    }
    await retain(world, { a: "" });
  },
);

clause(
  { v4: "3.3.1-6", v5: "3.3.1-9" },
  "sends the retained message of each matching topic name to a new subscription",
  async (world) => {
    await retain(world, { a: "1", "a/b": "2", "a/b/c": "3", b: "4" });
    expect(await retained(world, { filter: world.topic("a/#") })).toEqual(["1", "2", "3"]);
    expect(await retained(world, { filter: world.topic("a/+") })).toEqual(["2"]);
    expect(await retained(world, { filter: world.topic("+") })).toEqual(["1", "4"]);
    expect(await retained(world, { filter: world.topic("c") })).toEqual([]);
    await retain(world, { a: "", "a/b": "", "a/b/c": "", b: "" });
  },
);

clause(
  { v4: "3.3.1-7", v5: "3.3.1-5" },
  "replaces a retained message by one of QoS 0",
  async (world) => {
    await retain(world, { a: "old" });
    await retain(world, { a: "new" }, 0);
    const found = await retained(world);
    // It may be dropped at any time; what it replaced may not come back.
    expect([["new"], []]).toContainEqual(found);
    await retain(world, { a: "" });
  },
);

clause(
  { v4: "3.3.1-8", v5: "3.3.1-9" },
  "sets RETAIN on what it sends because a subscription is new",
  async (world) => {
    await retain(world, { a: "x" });
    const client = await world.connect();
    await client.subscribe(world.topic("a"));
    expect(await client.message()).toMatchObject({ payload: "x", retain: true, dup: false });
    await retain(world, { a: "" });
  },
);

clause(
  { v4: "3.3.1-9", v5: "3.3.1-12" },
  "clears RETAIN on what it sends to a subscription that is there",
  async (world) => {
    const client = await world.connect();
    await client.subscribe({ filter: world.topic("a"), qos: 1 });
    for (const qos of [0, 1, 2]) {
      await retain(world, { a: `${qos}` }, qos);
      expect(await client.message()).toMatchObject({ payload: `${qos}`, retain: false });
    }
    await retain(world, { a: "" });
    expect(await client.message()).toMatchObject({ payload: "", retain: false });
  },
);

clause(
  { v4: "3.3.1-10 3.3.1-11", v5: "3.3.1-6 3.3.1-7" },
  "drops a retained message on one without a payload, which it hands on and does not keep",
  async (world) => {
    const client = await world.connect();
    for (const qos of [0, 1, 2]) {
      await retain(world, { a: "x" }, 2);
      await client.subscribe({ filter: world.topic("a"), qos: 2 });
      expect((await client.message()).payload).toBe("x");
      await retain(world, { a: "" }, qos);
      expect(await client.message()).toMatchObject({ payload: "", retain: false, qos });
      expect(await retained(world)).toEqual([]);
      await client.unsubscribe(world.topic("a"));
    }
    await retain(world, { never: "" });
    expect(await retained(world)).toEqual([]);
  },
);

clause(
  { v4: "3.3.1-12", v5: "3.3.1-8" },
  "neither keeps a message without RETAIN nor lets it replace one",
  async (world) => {
    const client = await world.connect();
    await client.publish(world.topic("a"), "plain", { qos: 1 });
    expect(await retained(world)).toEqual([]);
    await retain(world, { a: "kept" });
    await client.publish(world.topic("a"), "plain", { qos: 2 });
    await client.publish(world.topic("a"), "", { qos: 1 });
    expect(await retained(world)).toEqual(["kept"]);
    await retain(world, { a: "" });
  },
);

clause(
  { v4: "3.8.4-3", v5: "3.3.1-9 3.8.4-4" },
  "sends retained messages again when a subscription is made again",
  async (world) => {
    await retain(world, { a: "x" });
    const client = await world.connect();
    for (let turn = 0; turn < 3; turn++) {
      await client.subscribe({ filter: world.topic("a"), qos: turn, retainHandling: 0 });
      expect(await client.message()).toMatchObject({ payload: "x", retain: true });
    }
    await retain(world, { a: "" });
  },
);

clause(
  { v5: "3.3.1-10" },
  "sends retained messages with retain handling 1 only when the subscription is new",
  async (world) => {
    await retain(world, { a: "x" });
    const client = await world.connect();
    const filter = { filter: world.topic("a"), qos: 1, retainHandling: 1 };
    await client.subscribe(filter);
    expect(await client.message()).toMatchObject({ payload: "x", retain: true });
    await client.subscribe(filter, world.topic("end"));
    await client.publish(world.topic("end"), "end", { qos: 1 });
    expect(await client.messagesUntil("end")).toEqual([]);
    await client.unsubscribe(world.topic("a"));
    await client.subscribe(filter);
    expect(await client.message()).toMatchObject({ payload: "x", retain: true });
    await retain(world, { a: "" });
  },
);

clause(
  { v5: "3.3.1-11" },
  "sends no retained message with retain handling 2",
  async (world) => {
    await retain(world, { a: "x" });
    expect(await retained(world, { retainHandling: 2 })).toEqual([]);
    await retain(world, { a: "" });
  },
);

clause(
  { v5: "3.3.1-12 3.3.1-13" },
  "keeps RETAIN as published for the subscription that asks for it, and for no other",
  async (world) => {
    const [plain, asPublished] = [await world.connect(), await world.connect()];
    await plain.subscribe({ filter: world.topic("a"), retainAsPublished: false });
    await asPublished.subscribe({ filter: world.topic("a"), retainAsPublished: true });
    const publisher = await world.connect();
    for (const retain of [true, false]) {
      await publisher.publish(world.topic("a"), "x", { qos: 1, retain });
      expect((await plain.message()).retain).toBe(false);
      expect((await asPublished.message()).retain).toBe(retain);
    }
    await retain(world, { a: "" });
  },
);

clause(
  { v4: "3.8.4-6", v5: "3.8.4-8" },
  "sends a retained message with the lower QoS of message and subscription",
  async (world) => {
    for (const published of [0, 1, 2]) {
      await retain(world, { a: "x" }, published);
      for (const granted of [0, 1, 2]) {
        const client = await world.connect();
        await client.subscribe({ filter: world.topic("a"), qos: granted });
        expect((await client.message()).qos).toBe(Math.min(published, granted));
      }
    }
    await retain(world, { a: "" });
  },
);

clause(
  { v5: "3.3.4-3" },
  "sends the subscription identifier with a retained message",
  async (world) => {
    await retain(world, { a: "x" });
    const client = await world.connect();
    await client.subscribeWith([["subscriptionIdentifier", 42]], world.topic("a"));
    expect((await client.message()).properties.subscriptionIdentifiers).toEqual([42]);
    await retain(world, { a: "" });
  },
);
