/** Takeover while the session's journal is being written: one connection survives, the last. */
import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/base/bytes.ts";
import { MQTT_QUEUE_SAVE_MS } from "../../../src/base/mqtt_limits.ts";
import { HeldClient } from "../../support/mqtt_held_client.ts";
import { MqttFixture, settle } from "../../support/mqtt_fixture.ts";
import { connectPacket, publishPacket } from "../../support/mqtt_packets.ts";

describe("openSession()", () => {
  it("lets the last of several CONNECTs of one client win, whatever the disk does", async () => {
    const fixture = await MqttFixture.start();
    const release = fixture.disk.holdSyncs();
    const connections = [];
    for (let nth = 0; nth < 3; nth++) {
      const connection = await fixture.open();
      connection.push(connectPacket({ clientId: "same", clean: false }));
      connections.push(connection);
      await settle();
    }
    release();
    await settle();
    expect(connections.map(({ closed }) => closed)).toEqual([true, true, false]);
    const last = connections.at(-1)!;
    expect(toHex(last.written)).toMatch(/^20020[01]00$/);
    last.push(publishPacket({ topic: "a", qos: 1, messageId: 1 }));
    await last.untilWritten(8);
    expect(fixture.ingress.connections).toBe(1);
  });

  it("leaves nothing of the old session in a new one, though it was not all written", async () => {
    const fixture = await MqttFixture.start();
    const options = { clientId: "same", clean: false, protocolVersion: 5 as const };
    const properties = { sessionExpiryInterval: 60 };
    const first = await HeldClient.connect(fixture, { ...options, properties });
    await first.subscribe([{ topic: "a", qos: 1 }]);
    const writer = await HeldClient.connect(fixture, { clientId: "writer" });
    writer.publish({ topic: "a", qos: 1, payload: "in flight" });
    await first.untilPublishes(1);
    let release = () => {};
    const put = fixture.book.putSession.bind(fixture.book);
    fixture.book.putSession = async (row) => {
      const durable = put(row);
      await new Promise<void>((resolve) => release = resolve);
      await durable;
    };
    const second = await fixture.open();
    second.push(connectPacket({ ...options, clean: true, properties }));
    await settle();
    fixture.clock.advance(MQTT_QUEUE_SAVE_MS);
    await settle();
    release();
    await second.untilWritten(4);
    const { subscriptions, cursors, outbound } = (await fixture.book.queue("same"))!;
    expect({ subscriptions, cursors: [...cursors], outbound }).toEqual({
      ...{ subscriptions: [], cursors: [], outbound: [] },
    });
  });

  it("refuses a new session that lasts while the disk is full, and lets others in", async () => {
    const fixture = await MqttFixture.start();
    const lasting = { protocolVersion: 5, properties: { sessionExpiryInterval: 60 } } as const;
    const known = await HeldClient.connect(fixture, { ...lasting, clientId: "known" });
    expect(await known.subscribe(["a"])).toEqual([1]);
    fixture.isFull = true;
    expect(await known.subscribe(["a", "b"]), "what is kept may change").toEqual([1, 0x97]);
    await known.drop();
    const again = await HeldClient.connect(fixture, {
      ...lasting,
      clean: false,
      clientId: "known",
    });
    expect(again.sessionPresent).toBe(true);
    const refused = await fixture.open();
    refused.push(connectPacket({ ...lasting, clientId: "new" }));
    await refused.untilClosed();
    expect(toHex(refused.written)).toBe("20030097" + "00");
    const passing = await HeldClient.connect(fixture, { clientId: "passing", protocolVersion: 5 });
    expect(await passing.subscribe(["a"])).toEqual([1]);
  });

  it("lets a session wait on, and end in time, where the book failed its client", async () => {
    const fixture = await MqttFixture.start();
    const properties = { sessionExpiryInterval: 10 };
    const lasting = { protocolVersion: 5, clientId: "kept", clean: false } as const;
    const first = await HeldClient.connect(fixture, { ...lasting, properties });
    await first.subscribe(["$share/g/a"]);
    const passing = await HeldClient.connect(fixture, { clientId: "passing", clean: true });
    await passing.subscribe(["$share/h/a"]);
    await first.drop();
    fixture.book.failing = "storage_failed";
    for (const options of [lasting, { clientId: "passing" }]) {
      const refused = await fixture.open();
      const longer = { sessionExpiryInterval: 20 };
      refused.push(connectPacket({ ...options, clean: false, properties: longer }));
      await refused.untilClosed();
    }
    fixture.book.failing = null;
    await fixture.pass(16);
    expect(await fixture.book.queue("kept")).toBeNull();
    const watcher = await HeldClient.connect(fixture, { clientId: "watcher" });
    await watcher.subscribe(["$SYS/broker/subscriptions/count"]);
    await watcher.untilPublishes(1);
    expect(watcher.messages).toEqual(["$SYS/broker/subscriptions/count 1"]);
  });

  it("does not let go of a session that the next connection has taken over", async () => {
    const fixture = await MqttFixture.start();
    const first = await fixture.connect({ clientId: "same", clean: true });
    const second = await fixture.connect({ clientId: "same", clean: false });
    await first.untilClosed();
    second.push(publishPacket({ topic: "a", payload: "x", qos: 2, messageId: 7 }));
    await second.untilWritten(4);
    await fixture.pass(2);
    second.push(publishPacket({ topic: "a", payload: "x", qos: 2, messageId: 7, dup: true }));
    await second.untilWritten(8);
    expect(await fixture.values("logs")).toEqual(["x"]);
  });
});
