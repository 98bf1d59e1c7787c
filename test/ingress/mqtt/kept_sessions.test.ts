/** Sessions in two books: whatever a crash leaves, they are resumed only where both know them. */
import { describe, expect, it } from "vitest";
import { KeptSessions } from "../../../src/ingress/mqtt/kept_sessions.ts";
import { MqttFixture, settle } from "../../support/mqtt_fixture.ts";
import { MemoryMqttBook } from "../../support/memory_mqtt_book.ts";
import { connectPacket, packetOf } from "../../support/mqtt_packets.ts";

/** A journal that remembers who lasts, and in which order it was asked. */
class Journal {
  readonly lasting = new Set<string>();
  readonly calls: string[];

  constructor(calls: string[] = []) {
    this.calls = calls;
  }

  async openSession(
    clientId: string,
    { cleanStart, lasting }: { readonly cleanStart: boolean; readonly lasting: boolean },
  ): Promise<boolean> {
    await Promise.resolve();
    const resumed = this.lasting.has(clientId) && !cleanStart;
    this.calls.push(resumed ? "resume" : "anew");
    if (!resumed) this.lasting.delete(clientId);
    if (lasting) this.lasting.add(clientId);
    return resumed;
  }

  endSession(clientId: string): Promise<void> {
    this.calls.push("end");
    this.lasting.delete(clientId);
    return Promise.resolve();
  }
}

async function open({ book = new MemoryMqttBook(), journal = new Journal() } = {}) {
  const { sessions: kept } = await book.load();
  const dropped: string[] = [];
  const dropping = async (clientId: string) => {
    // What is kept is still there.
    if (await book.queue(clientId) !== null) dropped.push(clientId);
  };
  const sessions = new KeptSessions({ book, journal, kept, dropping });
  return { book, journal, dropped, sessions };
}

const LASTING = { cleanStart: false, expiryS: 60 } as const;

describe("KeptSessions", () => {
  it("is resumed by a later run with its queue, unless the client starts clean", async () => {
    const { book, journal, sessions } = await open();
    expect(await sessions.open("c", LASTING)).toEqual({ queue: null });
    await book.writeQueue("c", { cursors: new Map([["logs-0", 5]]) });
    const later = await open({ book, journal });
    const { queue } = await later.sessions.open("c", { cleanStart: false, expiryS: 7 });
    expect(queue?.cursors).toEqual(new Map([["logs-0", 5]]));
    expect((await book.load()).sessions).toEqual([{ clientId: "c", expiryS: 7 }]);
    expect(await later.sessions.open("c", { ...LASTING, cleanStart: true })).toEqual({
      queue: null,
    });
    expect((await book.queue("c"))?.cursors).toEqual(new Map());
    expect(later.dropped).toEqual(["c"]);
  });

  it("writes nothing for a session that ends with its connection", async () => {
    const { book, sessions } = await open();
    await sessions.open("c", { cleanStart: true, expiryS: 0 });
    await sessions.end("c");
    expect(book.changes).toBe(0);
    expect(sessions.size).toBe(0);
  });

  it("is wiped in both where one of them lost it", async () => {
    const { book, journal, sessions } = await open();
    await sessions.open("c", LASTING);
    await book.writeQueue("c", { cursors: new Map([["logs-0", 5]]) });
    const lostJournal = await open({ book, journal: new Journal() });
    expect(await lostJournal.sessions.open("c", LASTING)).toEqual({ queue: null });
    expect((await book.queue("c"))?.cursors).toEqual(new Map());
    const lostBook = await open({ journal });
    expect(await lostBook.sessions.open("c", LASTING)).toEqual({ queue: null });
    expect(journal.calls.at(-1)).toBe("anew");
  });

  it("begins anew in an order that no crash turns into half a session", async () => {
    const calls: string[] = [];
    const { book, sessions } = await open({ journal: new Journal(calls) });
    await sessions.open("c", LASTING);
    const put = book.putSession.bind(book);
    const drop = book.dropSession.bind(book);
    book.putSession = (row) => (calls.push("put"), put(row));
    book.dropSession = (clientId) => (calls.push("drop"), drop(clientId));
    calls.length = 0;
    await sessions.open("c", { ...LASTING, cleanStart: true });
    expect(calls).toEqual(["drop", "anew", "put"]);
    calls.length = 0;
    await sessions.end("c");
    expect(calls).toEqual(["drop", "end"]);
  });

  it("takes what concerns one client in order, whatever the disk does", async () => {
    const { book, sessions } = await open();
    let delays = 5;
    book.delay = () => new Promise((resolve) => setTimeout(resolve, delays--));
    const done = await Promise.all([
      sessions.open("c", LASTING),
      sessions.end("c"),
      sessions.open("c", LASTING),
      sessions.changeExpiry("c", 9),
      sessions.open("c", LASTING),
    ]);
    expect(done.map((one) => one === undefined ? one : one.queue !== null))
      .toEqual([false, undefined, false, undefined, true]);
    expect((await book.load()).sessions).toEqual([{ clientId: "c", expiryS: 60 }]);
  });

  it("changes nothing of a session that is not kept", async () => {
    const { book, sessions } = await open();
    await sessions.changeExpiry("c", 9);
    expect(book.changes).toBe(0);
  });

  it("fails where the book does, and is whole again once it does not", async () => {
    const { book, sessions } = await open();
    book.failing = "storage_full";
    const full = expect.objectContaining({ code: "storage_full" });
    await expect(sessions.open("c", LASTING)).rejects.toEqual(full);
    book.failing = null;
    expect(await sessions.open("c", LASTING)).toEqual({ queue: null });
    expect((await sessions.open("c", LASTING)).queue).not.toBeNull();
  });
});

async function visit(fixture: MqttFixture, options: Parameters<typeof connectPacket>[0]) {
  const connection = await fixture.open();
  connection.push(connectPacket({ protocolVersion: 5, clean: false, ...options }));
  await connection.untilWritten(4);
  return { connection, present: connection.written[2] === 1 };
}

/** The node was killed, and is started again. */
function restarted({ disk, catalogue, book }: MqttFixture): Promise<MqttFixture> {
  return MqttFixture.start({ disk, catalogue, book });
}

describe("a session over a restart", () => {
  it("is resumed, and expires so long after it", async () => {
    const properties = { sessionExpiryInterval: 30 };
    const first = await MqttFixture.start();
    await visit(first, { properties });
    const second = await restarted(first);
    await second.pass(20);
    expect((await visit(second, { properties })).present).toBe(true);
    const third = await restarted(second);
    await third.pass(40);
    expect((await visit(third, { properties })).present).toBe(false);
  });

  it("is gone where it was to end with the connection that the crash cut", async () => {
    const first = await MqttFixture.start();
    await visit(first, { properties: { sessionExpiryInterval: 30 } });
    // Resumed, and from now on to end with the connection.
    expect((await visit(first, { properties: {} })).present).toBe(true);
    const second = await restarted(first);
    await settle();
    expect((await visit(second, { properties: {} })).present).toBe(false);
  });

  it("lasts as long as DISCONNECT said [MQTT-3.14.2-2]", async () => {
    const properties = { sessionExpiryInterval: 1_000 };
    const first = await MqttFixture.start();
    const { connection } = await visit(first, { properties });
    const goodbye = { cmd: "disconnect", reasonCode: 0, properties: { sessionExpiryInterval: 5 } };
    connection.push(packetOf(goodbye as never, 5));
    await connection.untilClosed();
    await settle();
    const second = await restarted(first);
    await second.pass(12);
    expect((await visit(second, { properties })).present).toBe(false);
  });

  it("is refused where the book's disk is full, and the client let in later", async () => {
    const fixture = await MqttFixture.start();
    const properties = { sessionExpiryInterval: 30 };
    fixture.book.failing = "storage_full";
    const refused = await visit(fixture, { properties });
    expect(refused.connection.written[3]).toBe(0x97);
    fixture.book.failing = null;
    expect((await visit(fixture, { properties })).connection.written[3]).toBe(0);
  });

  it("waits for its client that left before CONNACK", async () => {
    const fixture = await MqttFixture.start();
    const { promise, resolve } = Promise.withResolvers<void>();
    fixture.book.delay = () => promise;
    const connection = await fixture.open();
    const properties = { sessionExpiryInterval: 8 };
    connection.push(connectPacket({ protocolVersion: 5, clean: false, properties }));
    await settle();
    connection.push(null);
    await settle();
    resolve();
    await settle();
    await fixture.pass(20);
    expect((await fixture.book.load()).sessions, "it expired").toEqual([]);
  });
});
