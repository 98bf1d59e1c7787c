/** Sessions of the whole door: who has a queue, for how long, and what is kept of it. */
import { describe, expect, it } from "vitest";
import { OperatingError } from "../../../../src/base/errors.ts";
import { MQTT_QUEUE_SAVE_MS } from "../../../../src/base/mqtt_limits.ts";
import { MqttFixture, settle } from "../../../support/mqtt_fixture.ts";
import { HeldClient } from "../../../support/mqtt_held_client.ts";

const LASTING = { clean: false, clientId: "lasting" } as const;

async function crashed(fixture: MqttFixture): Promise<MqttFixture> {
  const { disk, catalogue, book } = fixture;
  await fixture.store.close();
  return await MqttFixture.start({ disk, catalogue, book });
}

describe("Delivery", () => {
  it("writes nothing of a session that ends with its connection", async () => {
    const fixture = await MqttFixture.start();
    const written: string[] = [];
    const writeQueue = fixture.book.writeQueue.bind(fixture.book);
    fixture.book.writeQueue = (clientId, change) => {
      written.push(clientId);
      return writeQueue(clientId, change);
    };
    for (const options of [{ clientId: "clean" }, LASTING]) {
      const client = await HeldClient.connect(fixture, options);
      await client.subscribe([{ topic: "a", qos: 2 }]);
      client.publish({ topic: "a", qos: 2 });
      await client.untilPublishes(1);
    }
    fixture.clock.advance(MQTT_QUEUE_SAVE_MS);
    await settle();
    expect(new Set(written)).toEqual(new Set(["lasting"]));
  });

  it("keeps what was acknowledged, after a crash, too", async () => {
    const fixture = await MqttFixture.start();
    const writer = await HeldClient.connect(fixture, { clientId: "writer" });
    const first = await HeldClient.connect(fixture, LASTING);
    await first.subscribe([{ topic: "a", qos: 2 }]);
    for (const qos of [1, 2, 1] as const) writer.publish({ topic: "a", qos, payload: `${qos}` });
    const [one, two] = await first.untilPublishes(3);
    first.acknowledge([one!]);
    first.send({ cmd: "pubrec", messageId: two!.messageId! });
    await first.until("pubrel", 1);
    fixture.clock.advance(MQTT_QUEUE_SAVE_MS);
    await settle();
    const again = await crashed(fixture);
    const second = await HeldClient.connect(again, LASTING);
    expect(second.sessionPresent).toBe(true);
    await second.untilPublishes(1);
    await settle();
    expect(second.packets.map(({ cmd, messageId }) => [cmd, messageId]))
      .toEqual([["pubrel", two!.messageId], ["publish", 3]]);
  });

  it("ends the connection where a message of QoS 2 cannot be kept; it comes again", async () => {
    const fixture = await MqttFixture.start();
    const writer = await HeldClient.connect(fixture, { clientId: "writer" });
    const first = await HeldClient.connect(fixture, LASTING);
    await first.subscribe([{ topic: "a", qos: 2 }]);
    const writeQueue = fixture.book.writeQueue.bind(fixture.book);
    fixture.book.writeQueue = () =>
      Promise.reject(new OperatingError("storage_full", "Cannot write"));
    writer.publish({ topic: "a", qos: 2 });
    await first.connection.untilClosed();
    expect(first.publishes).toEqual([]);
    fixture.book.writeQueue = writeQueue;
    const second = await HeldClient.connect(fixture, LASTING);
    await second.untilPublishes(1);
    expect(second.publishes).toMatchObject([{ qos: 2, messageId: 1 }]);
  });

  it("sends nothing of QoS 2 before it is durable, whoever began to write it", async () => {
    const fixture = await MqttFixture.start();
    const writer = await HeldClient.connect(fixture, { clientId: "writer" });
    const first = await HeldClient.connect(fixture, LASTING);
    await first.subscribe([{ topic: "a", qos: 2 }]);
    writer.publish({ topic: "a", qos: 2, payload: "1" });
    await first.untilPublishes(1);
    const held: (() => void)[] = [];
    fixture.book.delay = () => new Promise((resolve) => held.push(resolve));
    writer.publish({ topic: "a", qos: 2, payload: "2" });
    await settle();
    // What PUBREC changes waits for the second message, and is written meanwhile: its time has come.
    first.send({ cmd: "pubrec", messageId: 1 });
    await settle();
    fixture.clock.advance(MQTT_QUEUE_SAVE_MS);
    await settle();
    expect(held.length).toBe(2);
    held[0]!();
    await first.untilPublishes(2);
    await settle();
    expect(first.packets.at(-1)?.cmd).toBe("publish");
    held[1]!();
    await first.until("pubrel", 1);
  });

  it("gathers changes while the disk is slow, and writes them when it is done", async () => {
    const fixture = await MqttFixture.start();
    const writer = await HeldClient.connect(fixture, { clientId: "writer" });
    const reader = await HeldClient.connect(fixture, LASTING);
    await reader.subscribe([{ topic: "a", qos: 1 }]);
    fixture.clock.advance(MQTT_QUEUE_SAVE_MS);
    await settle();
    const held: (() => void)[] = [];
    fixture.book.delay = () => new Promise((resolve) => held.push(resolve));
    for (let nth = 1; nth <= 5; nth++) {
      writer.publish({ topic: "a", qos: 1, payload: `${nth}` });
      await reader.untilPublishes(nth);
      fixture.clock.advance(MQTT_QUEUE_SAVE_MS);
      await settle();
    }
    expect(held.length, "one is under way").toBe(1);
    held[0]!();
    await settle();
    fixture.clock.advance(MQTT_QUEUE_SAVE_MS);
    await settle();
    expect(held.length, "and one for all the others").toBe(2);
    held[1]!();
    await settle();
    expect((await fixture.book.queue("lasting"))?.outbound.length).toBe(5);
  });

  it("refuses a subscription that cannot be kept", async () => {
    const fixture = await MqttFixture.start();
    const client = await HeldClient.connect(fixture, {
      ...LASTING,
      protocolVersion: 5,
      properties: { sessionExpiryInterval: 9 },
    });
    const writeQueue = fixture.book.writeQueue.bind(fixture.book);
    fixture.book.writeQueue = () =>
      Promise.reject(new OperatingError("storage_full", "Cannot write"));
    expect(await client.subscribe(["a"])).toEqual([0x97]);
    fixture.book.writeQueue = writeQueue;
    client.publish({ topic: "a" });
    await settle();
    expect(client.publishes).toEqual([]);
    expect(await client.subscribe(["a"])).toEqual([1]);
  });

  it("forgets a session whose client stays away, and finds it again in the book", async () => {
    const fixture = await MqttFixture.start();
    const first = await HeldClient.connect(fixture, LASTING);
    await first.subscribe([{ topic: "a", qos: 2 }]);
    const writer = await HeldClient.connect(fixture, { clientId: "writer" });
    writer.publish({ topic: "a", qos: 2, payload: "in flight" });
    await first.untilPublishes(1);
    await first.drop();
    const counted = async () => {
      const watcher = await HeldClient.connect(fixture, { clientId: "watcher" });
      await watcher.subscribe(["$SYS/broker/subscriptions/count"]);
      await watcher.untilPublishes(1);
      const [message] = watcher.messages;
      await watcher.drop();
      return Number(message!.split(" ").at(-1));
    };
    expect(await counted(), "its own, and that of who counts").toBe(2);
    await fixture.pass(15);
    expect(await counted()).toBe(1);
    writer.publish({ topic: "a", qos: 2, payload: "missed" });
    await settle();
    const second = await HeldClient.connect(fixture, LASTING);
    await second.untilPublishes(2);
    expect(second.publishes).toMatchObject([{ dup: true, messageId: 1 }, { messageId: 2 }]);
    expect(second.messages).toEqual(["a in flight", "a missed"]);
  });

  it("notes where a subscription begins only where its client is behind, and holds to it", async () => {
    const fixture = await MqttFixture.start();
    const writer = await HeldClient.connect(fixture, { clientId: "writer" });
    const publish = async (topic: string) => {
      writer.forget();
      writer.publish({ topic, qos: 1 });
      await writer.until("puback", 1);
      await settle();
    };
    await publish("b");
    const options = { ...LASTING, protocolVersion: 5 as const };
    const properties = { receiveMaximum: 1, sessionExpiryInterval: 60 };
    const reader = await HeldClient.connect(fixture, { ...options, properties });
    await reader.subscribe(["a"]);
    for (const topic of ["a", "a", "b"]) await publish(topic);
    const seen = reader.publishes;
    await reader.subscribe(["b", "$share/g/b"]);
    const { subscriptions } = (await fixture.book.queue("lasting"))!;
    expect(subscriptions.map(({ filter, since }) => [filter, [...since]])).toEqual([
      ["a", []],
      ["b", [["logs-0", 4]]],
      ["$share/g/b", []],
    ]);
    reader.acknowledge(seen);
    await settle();
    await publish("c");
    reader.acknowledge();
    await settle();
    expect(reader.messages, "the second, and nothing from before").toEqual(["a "]);
  });

  it("counts the subscriptions of clients that are away, of an earlier run, too", async () => {
    const fixture = await MqttFixture.start();
    const first = await HeldClient.connect(fixture, LASTING);
    await first.subscribe(["a", "b"]);
    await first.drop();
    await fixture.pass(15);
    const limits = { subscriptionsMax: 3 };
    const { disk, catalogue, book } = fixture;
    await fixture.store.close();
    const again = await MqttFixture.start({ disk, catalogue, book, limits });
    const other = await HeldClient.connect(again, { clientId: "other", protocolVersion: 5 });
    expect(await other.subscribe(["c", "d"])).toEqual([1, 0x97]);
    const second = await HeldClient.connect(again, LASTING);
    expect(await other.subscribe(["d"]), "it is here now").toEqual([0x97]);
    await second.drop();
    await again.pass(15);
    expect(await other.subscribe(["d"]), "and away again").toEqual([0x97]);
    await HeldClient.connect(again, { ...LASTING, clean: true });
    expect(await other.subscribe(["d"]), "and over").toEqual([1]);
  });

  it.each(["its session expires", "it starts anew"])(
    "hands a message of a shared subscription to another member after a crash, where %s",
    async (how) => {
      const fixture = await MqttFixture.start();
      const gone = { clean: false, clientId: "gone", protocolVersion: 5 } as const;
      const first = await HeldClient.connect(fixture, {
        ...gone,
        properties: { sessionExpiryInterval: 10 },
      });
      await first.subscribe(["$share/g/a"]);
      first.publish({ topic: "a", qos: 1, payload: "in flight" });
      await first.untilPublishes(1);
      const other = await HeldClient.connect(fixture, LASTING);
      await other.subscribe(["$share/g/a"]);
      fixture.clock.advance(MQTT_QUEUE_SAVE_MS);
      await settle();
      const again = await crashed(fixture);
      if (how === "it starts anew") await HeldClient.connect(again, { ...gone, clean: true });
      else await again.pass(16);
      const second = await HeldClient.connect(again, LASTING);
      await settle();
      expect(second.messages).toEqual(["a in flight"]);
    },
  );

  it("writes where a client stands for whom nothing comes, while others' records do", async () => {
    const fixture = await MqttFixture.start();
    const lasting = await HeldClient.connect(fixture, LASTING);
    await lasting.subscribe(["a"]);
    const shared = await HeldClient.connect(fixture, { clean: false, clientId: "shared" });
    await shared.subscribe(["$share/g/a"]);
    lasting.publish({ topic: "b", qos: 1 });
    await lasting.until("puback", 1);
    const log = fixture.store.topic("logs")!.partitions[0]!;
    const append = async (records: number) => {
      for (let nth = 0; nth < records; nth++) {
        fixture.store.core.append(log.handle, { timestamp: 0, key: null, value: null });
      }
      log.appended(null);
      await settle();
    };
    await fixture.pass(30);
    const stands = async () => [
      (await fixture.book.queue("lasting"))?.cursors.get("logs-0"),
      (await fixture.book.group("$share/g/a"))?.cursors.get("logs-0"),
    ];
    const [before] = await stands();
    await append(100);
    await fixture.pass(30);
    expect((await stands())[0], "not worth a write").toBe(before);
    for (let nth = 0; nth < 10; nth++) await append(1_000);
    await fixture.pass(30);
    expect(await stands()).toEqual([10_101, 10_101]);
  });

  it("loses nothing of a shared subscription where a crash comes before all is written", async () => {
    const fixture = await MqttFixture.start();
    const members = [["one", 1], ["two", 2]] as const;
    for (const [clientId, qos] of members) {
      const member = await HeldClient.connect(fixture, { clean: false, clientId });
      await member.subscribe([{ topic: "$share/g/a", qos }]);
    }
    const writer = await HeldClient.connect(fixture, { clientId: "writer" });
    for (const payload of ["1", "2"]) {
      // What goes to "two" is written at once, and with it that the group is past both.
      writer.publish({ topic: "a", qos: 2, payload });
      await settle();
    }
    const again = await crashed(fixture);
    const got: string[] = [];
    for (const [clientId] of members) {
      const member = await HeldClient.connect(again, { clean: false, clientId });
      await settle();
      got.push(...member.messages);
    }
    expect(got.sort()).toEqual(["a 1", "a 2"]);
  });

  it("keeps what members of a shared subscription missed, whoever comes and goes meanwhile", async () => {
    const fixture = await MqttFixture.start();
    const away = { clean: false, clientId: "away" };
    const filter = { topic: "$share/g/a", qos: 1 } as const;
    for (const options of [LASTING, away]) {
      const member = await HeldClient.connect(fixture, options);
      await member.subscribe([filter]);
      await member.drop();
    }
    const publish = async (at: MqttFixture, payload: string) => {
      const writer = await HeldClient.connect(at, { clientId: "writer" });
      writer.publish({ topic: "a", qos: 1, payload });
      await writer.until("puback", 1);
      await settle();
    };
    await publish(fixture, "1");
    // The run after the crash knows of neither until it comes.
    const again = await crashed(fixture);
    const other = await HeldClient.connect(again, { clientId: "other" });
    await other.subscribe([filter]);
    await settle();
    expect(other.messages, "it is there for all members").toEqual(["a 1"]);
    await other.unsubscribe("$share/g/a");
    other.acknowledge();
    await settle();
    const first = await HeldClient.connect(again, LASTING);
    await first.unsubscribe("$share/g/a");
    await publish(again, "2");
    const second = await HeldClient.connect(again, away);
    await settle();
    expect(second.messages).toEqual(["a 2"]);
    await second.unsubscribe("$share/g/a");
    await publish(again, "3");
    await second.subscribe([filter]);
    await settle();
    expect(second.messages, "the group was gone with its last member").toEqual([]);
  });

  it("delivers to and from a will, and a client that subscribes to itself", async () => {
    const fixture = await MqttFixture.start();
    const reader = await HeldClient.connect(fixture, { clientId: "reader" });
    await reader.subscribe(["wills/#"]);
    const will = { topic: "wills/x", payload: "gone" as never, qos: 1 as const, retain: false };
    const client = await HeldClient.connect(fixture, { clientId: "x", will });
    await client.drop();
    await reader.untilPublishes(1);
    expect(reader.messages).toEqual(["wills/x gone"]);
  });
});
