/** Retained messages, by themselves and behind the door. */
import { describe, expect, it } from "vitest";
import { toHex, utf8 } from "../../../../src/base/bytes.ts";
import { Message } from "../../../../src/ingress/mqtt/delivery/message.ts";
import { RetainedMessages } from "../../../../src/ingress/mqtt/retained/retained_messages.ts";
import { HandClock } from "../../../support/hand_clock.ts";
import { MemoryMqttBook } from "../../../support/memory_mqtt_book.ts";
import { MqttFixture, settle } from "../../../support/mqtt_fixture.ts";
import { publishPacket } from "../../../support/mqtt_packets.ts";

async function open(
  { book = new MemoryMqttBook(), clock = new HandClock(), limits = {} } = {},
) {
  const troubles: unknown[] = [];
  const onTrouble = (error: unknown) => void troubles.push(error);
  const { retained: kept } = await book.load();
  return {
    ...{ book, clock, troubles },
    retained: new RetainedMessages({ book, clock, kept, limits, onTrouble }),
  };
}

const said = (payload: string, expiresMs: number | null = null) => ({
  record: { timestamp: 0, key: null, value: utf8(payload), headers: [] },
  expiresMs,
});

async function read(retained: RetainedMessages, filter: string): Promise<string[]> {
  const found: string[] = [];
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  for await (const { topicName, payload } of retained.matching(filter)) {
    found.push(`${text(topicName)}=${text(payload)}`);
  }
  return found.sort();
}

describe("RetainedMessages", () => {
  it("keeps the last message of each name, and none where it was empty [MQTT-3.3.1-6]", async () => {
    const { retained, book } = await open();
    await retained.retain("a/b", said("1"));
    await retained.retain("a/b", said("2"));
    await retained.retain("a/c", said("3"));
    await retained.retain("gone", said("4"));
    await retained.retain("gone", said(""));
    await retained.retain("never", said(""));
    expect(await read(retained, "#")).toEqual(["a/b=2", "a/c=3"]);
    expect(await read(retained, "a/c")).toEqual(["a/c=3"]);
    expect(await read(retained, "$share/g/#")).toEqual([]);
    const later = await open({ book });
    expect(await read(later.retained, "+/b")).toEqual(["a/b=2"]);
    expect(later.retained.bytes).toBe(retained.bytes);
  });

  it("reads many without holding them", async () => {
    const { retained } = await open();
    const names = Array.from({ length: 1_000 }, (_, nth) => `d/${nth}`);
    await Promise.all(names.map((name) => retained.retain(name, said("x"))));
    expect((await read(retained, "d/+")).length).toBe(1_000);
    // Whoever has enough stops, and no more is read.
    for await (const message of retained.matching("#")) {
      expect(message).toBeInstanceOf(Message);
      break;
    }
  });

  it("leaves out what has expired, and deletes it in time", async () => {
    const { retained, clock, book } = await open();
    const nowMs = clock.wallMs();
    await retained.retain("a", said("1", nowMs + 5_000));
    await retained.retain("b", said("2", nowMs + 50_000));
    clock.advance(5_000);
    expect(await read(retained, "#")).toEqual(["b=2"]);
    expect((await book.load()).retained.length).toBe(2);
    retained.sweep();
    expect(retained.size).toBe(1);
    expect((await book.load()).retained.length).toBe(1);
  });

  it("has no room beyond its limits, but to replace and to delete", async () => {
    const { retained } = await open({ limits: { messagesMax: 2, bytesMax: 1_000 } });
    const full = expect.objectContaining({ code: "quota_exceeded" });
    await retained.retain("a", said("1"));
    expect(() => retained.check("b", 1_000)).toThrow(full);
    await retained.retain("b", said("2"));
    expect(() => retained.check("c", 1)).toThrow(full);
    retained.check("c", 0);
    retained.check("b", 100);
    expect(() => retained.check("b", 900)).toThrow(full);
    await retained.retain("a", said(""));
    retained.check("c", 1);
  });

  it("has no room for names of more levels than memory should hold, however few bytes", async () => {
    const { retained } = await open({ limits: { levelsMax: 200 } });
    const full = expect.objectContaining({ code: "quota_exceeded" });
    expect(() => retained.check("/".repeat(128), 1)).toThrow(full);
    const deep = `a${"/".repeat(127)}`;
    retained.check(deep, 1);
    await retained.retain(deep, said("1"));
    expect(() => retained.check(`b${"/".repeat(100)}`, 1)).toThrow(full);
    retained.check(deep, 2);
    await retained.retain(deep, said(""));
    retained.check(`b${"/".repeat(100)}`, 1);
  });

  it("has not changed where the book did not", async () => {
    const { retained, book } = await open();
    await retained.retain("a", said("1"));
    book.failing = "storage_full";
    const full = expect.objectContaining({ code: "storage_full" });
    await expect(retained.retain("a", said("longer"))).rejects.toEqual(full);
    await expect(retained.retain("b", said("2"))).rejects.toEqual(full);
    await expect(retained.retain("a", said(""))).rejects.toEqual(full);
    book.failing = null;
    expect(await read(retained, "#")).toEqual(["a=1"]);
    expect(retained.bytes).toBe((await open({ book })).retained.bytes);
  });
});

const PUBACK = "40020001";

describe("a retained publish", () => {
  it("is a record, and is answered once both are durable", async () => {
    const fixture = await MqttFixture.start();
    const client = await fixture.connect();
    const { promise, resolve } = Promise.withResolvers<void>();
    fixture.book.delay = () => promise;
    client.push(
      publishPacket({ topic: "a", payload: "on", qos: 1, messageId: 1, retain: true }),
    );
    await settle();
    expect(await fixture.values("logs")).toEqual(["on"]);
    expect(client.written.length, "not yet retained").toBe(0);
    resolve();
    await client.untilWritten(4);
    expect(toHex(client.written)).toBe(PUBACK);
    const [row] = await fixture.book.retained(["a"]);
    expect(row?.record.value).toEqual(utf8("on"));
    client.push(publishPacket({ topic: "a", qos: 1, messageId: 1, retain: true }));
    await client.untilWritten(8);
    expect(await fixture.book.retained(["a"])).toEqual([]);
    expect((await fixture.values("logs")).length).toBe(2);
  });

  it("is kept with QoS 0 and QoS 2 too, and the latter's repeat retains it again", async () => {
    const fixture = await MqttFixture.start();
    const client = await fixture.connect();
    client.push(publishPacket({ topic: "zero", payload: "0", retain: true }));
    const second = { topic: "two", payload: "2", qos: 2, messageId: 7, retain: true } as const;
    client.push(publishPacket(second));
    await client.untilWritten(4);
    expect((await fixture.book.retained(["zero", "two"])).length).toBe(2);
    await fixture.book.dropRetained(["two"]);
    client.push(publishPacket({ ...second, dup: true }));
    await client.untilWritten(8);
    expect(toHex(client.written)).toBe("5002000750020007");
    expect((await fixture.book.retained(["two"])).length).toBe(1);
    expect(await fixture.values("logs")).toEqual(["0", "2"]);
  });

  it("is refused with 0x97 where the book's disk is full, and may be sent again", async () => {
    const fixture = await MqttFixture.start();
    const client = await fixture.connect({ protocolVersion: 5 });
    fixture.book.failing = "storage_full";
    const publish = { topic: "a", payload: "1", messageId: 1, retain: true } as const;
    client.push(publishPacket({ ...publish, qos: 1 }, 5));
    client.push(publishPacket({ ...publish, qos: 2, messageId: 2 }, 5));
    await client.untilWritten(10);
    expect(toHex(client.written)).toBe("40030001975003000297");
    await settle();
    fixture.book.failing = null;
    client.writes.length = 0;
    client.push(publishPacket({ ...publish, payload: "other", qos: 2, messageId: 2 }, 5));
    await client.untilWritten(4);
    expect(toHex(client.written)).toBe("50020002");
    expect(await fixture.values("logs")).toContain("other");
  });
});
