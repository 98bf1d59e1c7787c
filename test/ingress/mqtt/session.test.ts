/**
 * One connection against real partition logs on a simulated disk. What must hold: answers leave
 * after the sync and in order, reading pauses when it should, and every end is the right one.
 */
import { describe, expect, it } from "vitest";
import { concat, toHex } from "../../../src/base/bytes.ts";
import { MQTT_END_S_MAX, MQTT_STALL_S_MAX } from "../../../src/base/limits.ts";
import { MQTT_OUT_IN_FLIGHT_V4 } from "../../../src/base/mqtt_limits.ts";
import type { HeldConnection } from "../../support/held_connection.ts";
import { MqttFixture, settle } from "../../support/mqtt_fixture.ts";
import { HeldClient } from "../../support/mqtt_held_client.ts";
import { connectPacket, packetOf, publishPacket } from "../../support/mqtt_packets.ts";

const publish = (messageId: number, payload = `p${messageId}`, topic = "a/b") =>
  publishPacket({ topic, payload, qos: 1, messageId });

/** PUBACKs for these packet identifiers, in hex. */
const pubacks = (...identifiers: number[]) =>
  identifiers.map((id) => `4002${id.toString(16).padStart(4, "0")}`).join("");

const written = (connection: HeldConnection) => toHex(connection.written);

describe("Session: publishing", () => {
  it("acknowledges only what was synced", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect();
    const release = fixture.disk.holdSyncs();
    connection.push(publish(1));
    await settle();
    await settle();
    expect(written(connection), "the sync is held back").toBe("");
    expect(await fixture.values("logs"), "no reader sees it either").toEqual([]);
    release();
    await connection.untilWritten(4);
    expect(written(connection)).toBe(pubacks(1));
    expect(await fixture.values("logs")).toEqual(["p1"]);
  });

  it("answers all that one commit made durable in one write", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect();
    connection.push(publish(1));
    await connection.untilWritten(4);
    connection.writes.length = 0;
    connection.push(concat([2, 3, 4].map((id) => publish(id))));
    await connection.untilWritten(12);
    expect(connection.writes.map(toHex)).toEqual([pubacks(2, 3, 4)]);
  });

  it("keeps the order of answers across partitions [MQTT-4.6.0-2]", async () => {
    const fixture = await MqttFixture.start({ partitions: 8 });
    const connection = await fixture.connect();
    const packets = Array.from({ length: 100 }, (_, at) => publish(at + 1, "x", `t/${at % 13}`));
    connection.push(concat(packets));
    await connection.untilWritten(400);
    expect(written(connection)).toBe(pubacks(...packets.map((_, at) => at + 1)));
    expect(await fixture.records("logs")).toHaveLength(100);
  });

  it("takes packets cut anywhere", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect();
    const stream = concat([1, 2, 3].map((id) => publish(id)));
    for (const byte of stream) {
      connection.push(Uint8Array.of(byte));
      await Promise.resolve();
    }
    await connection.untilWritten(12);
    expect(written(connection)).toBe(pubacks(1, 2, 3));
    expect(await fixture.values("logs")).toEqual(["p1", "p2", "p3"]);
  });

  it("takes a packet as large as allowed, and keeps nothing of it in memory", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect();
    const payload = "x".repeat(1_000_000);
    connection.push(publish(1, payload));
    connection.push(publish(2, "after"));
    await connection.untilWritten(8);
    expect((await fixture.values("logs")).map(({ length }) => length)).toEqual([1_000_000, 5]);
    expect(fixture.admission.bytes).toBe(0);
  });

  it("says who published, and how", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect({ clientId: "dev-1" });
    connection.push(
      concat([publish(1), publish(2), publishPacket({ topic: "a/b", payload: "q0" })]),
    );
    await connection.untilWritten(8);
    await settle();
    const records = await fixture.records("logs");
    const text = (bytes: Uint8Array | null) => new TextDecoder().decode(bytes!);
    expect(records.map(({ key }) => text(key))).toEqual(["a/b", "a/b", "a/b"]);
    expect(records.map(({ headers }) => headers.map(([name, value]) => `${name}=${text(value)}`)))
      .toEqual([
        ["mqtt.client_id=dev-1", "mqtt.qos=1"],
        ["mqtt.client_id=dev-1", "mqtt.qos=1"],
        ["mqtt.client_id=dev-1", "mqtt.qos=0"],
      ]);
    expect(records.every(({ timestamp }) => timestamp === fixture.clock.wallMs())).toBe(true);
  });
});

describe("Session: backpressure", () => {
  it("reads no more while its bytes in flight are over the limit", async () => {
    const fixture = await MqttFixture.start({
      admission: { bytesMax: 10_000, bytesPerSourceMax: 1_000 },
    });
    const connection = await fixture.connect();
    const release = fixture.disk.holdSyncs();
    const packets = Array.from({ length: 200 }, (_, at) => publish(at + 1, "x".repeat(100)));
    for (const packet of packets) connection.push(packet);
    await settle();
    expect(connection.isRead).toBe(false);
    expect(fixture.admission.bytes).toBeLessThan(1_000 + 2_048);
    release();
    await connection.untilWritten(800);
    expect(written(connection)).toBe(pubacks(...packets.map((_, at) => at + 1)));
    expect(fixture.admission.bytes).toBe(0);
  });

  it("reads no more from a client that does not read its answers", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect();
    connection.holdWrites();
    for (let burst = 0; burst < 40; burst++) {
      connection.push(concat(Array.from({ length: 500 }, (_, at) => publish(at + 1, ""))));
      await settle();
    }
    await settle();
    expect(connection.isRead, "64 KiB of answers wait").toBe(false);
    connection.releaseWrites();
    await connection.untilWritten(40 * 500 * 4);
    expect(connection.isRead).toBe(true);
  });

  it("lets a topic's creation hold this client back, and keeps the order", async () => {
    const fixture = await MqttFixture.start();
    let open = () => {};
    fixture.createGate = new Promise((resolve) => open = resolve);
    const connection = await fixture.connect();
    connection.push(publish(1));
    connection.push(publish(2));
    await settle();
    expect(connection.isRead).toBe(false);
    open();
    await connection.untilWritten(8);
    expect(written(connection)).toBe(pubacks(1, 2));
  });
});

describe("Session: trouble with the disk", () => {
  it("tells MQTT 5 that there is no room, and goes on", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect({ protocolVersion: 5 });
    fixture.disk.writeFault = () => "full";
    connection.push(publishPacket({ topic: "a", payload: "x", qos: 1, messageId: 1 }, 5));
    await connection.untilWritten(5);
    expect(written(connection)).toBe("4003000197");
    fixture.disk.writeFault = null;
    connection.writes.length = 0;
    connection.push(publishPacket({ topic: "a", payload: "y", qos: 1, messageId: 2 }, 5));
    await connection.untilWritten(4);
    expect(written(connection)).toBe(pubacks(2));
    expect(await fixture.values("logs")).toEqual(["y"]);
  });

  it("tells MQTT 5 that the disk failed", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect({ protocolVersion: 5 });
    fixture.disk.writeFault = () => "fail";
    connection.push(publishPacket({ topic: "a", payload: "x", qos: 1, messageId: 1 }, 5));
    await connection.untilWritten(5);
    expect(written(connection)).toBe("4003000180");
  });

  /** Not for the fast path. */
  const retained = (messageId: number) =>
    publishPacket({ topic: "a/b", payload: `p${messageId}`, qos: 1, messageId, retain: true });

  it("leaves MQTT 3.1.1 unanswered and unread while there is no room, then goes on", async () => {
    const fixture = await MqttFixture.start();
    fixture.roomBytes = 0;
    const connection = await fixture.connect();
    fixture.disk.writeFault = () => "full";
    connection.push(concat([publish(1), publish(2)]));
    await settle();
    connection.push(concat([publish(3), retained(4)]));
    await fixture.pass(3);
    expect(connection.isRead).toBe(false);
    expect(connection.closed).toBe(false);
    fixture.disk.writeFault = null;
    fixture.roomBytes = null;
    await fixture.pass(1);
    expect(connection.closed).toBe(false);
    expect(written(connection)).toBe(pubacks(1, 2, 3, 4));
    const values = await fixture.values("logs");
    expect(values, "once each, and in order").toEqual(["p1", "p2", "p3", "p4"]);
    connection.push(publish(5));
    await connection.untilWritten(20);
    expect(written(connection)).toBe(pubacks(1, 2, 3, 4, 5));
  });

  it("goes on with MQTT 3.1.1 clients that only subscribe while there is no room", async () => {
    const fixture = await MqttFixture.start();
    const writer = await HeldClient.connect(fixture, { clientId: "writer" });
    const reader = await HeldClient.connect(fixture, { clientId: "reader", clean: false });
    await reader.subscribe(["a"]);
    const count = MQTT_OUT_IN_FLIGHT_V4 + 5;
    for (let nth = 0; nth < count; nth++) writer.publish({ topic: "a", qos: 1 });
    await writer.until("puback", count);
    fixture.isFull = true;
    writer.publish({ topic: "a", qos: 1 });
    await reader.untilPublishes(MQTT_OUT_IN_FLIGHT_V4);
    reader.acknowledge();
    await reader.untilPublishes(count);
    reader.send({ cmd: "pingreq" });
    await reader.until("pingresp", 1);
    expect([writer.connection.isRead, reader.connection.isRead]).toEqual([false, true]);
    fixture.isFull = false;
    await fixture.pass(1);
    await reader.untilPublishes(count + 1);
  });

  it("takes again what was refused once more, however often there is no room", async () => {
    const fixture = await MqttFixture.start();
    fixture.roomBytes = 0;
    const connection = await fixture.connect();
    fixture.disk.writeFault = () => "full";
    connection.push(concat([publish(1), publish(2), retained(3), publish(4)]));
    for (let round = 0; round < 3; round++) {
      fixture.roomBytes = 0;
      await fixture.pass(1);
      fixture.roomBytes = 1;
      await fixture.pass(1);
      expect(written(connection)).toBe("");
    }
    fixture.disk.writeFault = null;
    fixture.roomBytes = null;
    await fixture.pass(2);
    expect(written(connection)).toBe(pubacks(1, 2, 3, 4));
    expect(await fixture.values("logs")).toHaveLength(4);
  });

  it("closes MQTT 3.1.1 where the disk filled too suddenly to keep what was refused", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect();
    fixture.disk.writeFault = () => "full";
    connection.push(publish(1));
    await settle();
    fixture.disk.writeFault = null;
    await fixture.pass(1);
    expect(connection.closed).toBe(true);
    expect(written(connection), "the client sends again what was not acknowledged").toBe("");
  });

  it("does not hold a stalled client for ever", async () => {
    const fixture = await MqttFixture.start();
    fixture.roomBytes = 0;
    const connection = await fixture.connect();
    fixture.disk.writeFault = () => "full";
    connection.push(publish(1));
    await settle();
    await fixture.pass(MQTT_STALL_S_MAX + 2);
    expect(connection.closed).toBe(true);
  });

  it("closes MQTT 3.1.1 when the disk fails", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect();
    fixture.disk.writeFault = () => "fail";
    connection.push(publish(1));
    await connection.untilClosed();
    expect(written(connection)).toBe("");
  });
});

describe("Session: the end", () => {
  it("answers what is on its way when the client stops sending", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect();
    const release = fixture.disk.holdSyncs();
    connection.push(publish(1));
    connection.push(null);
    await settle();
    expect(connection.closed).toBe(false);
    release();
    await connection.untilClosed();
    expect(written(connection)).toBe(pubacks(1));
  });

  it("closes a connection that says nothing in time", async () => {
    const fixture = await MqttFixture.start({ limits: { connectTimeoutMs: 3_000 } });
    const connection = await fixture.open();
    await fixture.pass(3);
    expect(connection.closed).toBe(false);
    await fixture.pass(1);
    expect(connection.closed).toBe(true);
  });

  it("waits one and a half times the keep alive [MQTT-3.1.2-22]", async () => {
    const fixture = await MqttFixture.start();
    const four = await fixture.connect({ keepalive: 10, clientId: "four" });
    const five = await fixture.connect({ keepalive: 10, clientId: "five", protocolVersion: 5 });
    await fixture.pass(15);
    expect(four.closed || five.closed).toBe(false);
    await fixture.pass(1);
    expect(four.closed && five.closed).toBe(true);
    expect(written(four)).toBe("");
    expect(written(five)).toBe("e0028d00");
  });

  it("counts every packet as a sign of life", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect({ keepalive: 10 });
    for (let turn = 0; turn < 5; turn++) {
      await fixture.pass(14);
      connection.push(packetOf({ cmd: "pingreq" }));
      await settle();
    }
    expect(connection.closed).toBe(false);
    expect(written(connection)).toBe("d000".repeat(5));
  });

  it("does not count silence of the server's own making", async () => {
    const fixture = await MqttFixture.start();
    let open = () => {};
    fixture.createGate = new Promise((resolve) => open = resolve);
    const connection = await fixture.connect({ keepalive: 1 });
    connection.push(publish(1));
    await fixture.pass(10);
    expect(connection.closed).toBe(false);
    open();
    await connection.untilWritten(4);
  });

  it("tells MQTT 5 why it closes, MQTT 3.1.1 just closes", async () => {
    const fixture = await MqttFixture.start();
    const five = await fixture.connect({ protocolVersion: 5, clientId: "five" });
    five.push(Uint8Array.of(0x32, 0x05, 0, 1, 0x61, 0, 0)); // packet identifier 0
    await five.untilClosed();
    expect(written(five)).toBe("e0028200");
    const four = await fixture.connect();
    four.push(Uint8Array.of(0x36, 0x02, 0, 0)); // QoS 3
    await four.untilClosed();
    expect(written(four)).toBe("");
  });

  it("refuses a packet over the limit as soon as its head says so", async () => {
    const fixture = await MqttFixture.start({ limits: { packetBytesMax: 1_000 } });
    const connection = await fixture.connect({ protocolVersion: 5 });
    connection.push(Uint8Array.of(0x30, 0xff, 0x7f));
    await connection.untilClosed();
    expect(written(connection)).toBe("e0029500");
  });

  it("refuses a large packet that is not a publish", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect({ protocolVersion: 5 });
    connection.push(Uint8Array.of(0x82, 0xff, 0xff, 0x7f, 0, 1));
    await connection.untilClosed();
    expect(written(connection)).toBe("e0029500");
  });

  it("refuses a length that does not end", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect({ protocolVersion: 5 });
    connection.push(Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0xff, 0xff));
    await connection.untilClosed();
    expect(written(connection)).toBe("e0028100");
  });

  it("does not wait for ever for a client that does not read its DISCONNECT", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect({ protocolVersion: 5 });
    connection.holdWrites();
    connection.push(Uint8Array.of(0x00, 0x00));
    await settle();
    expect(connection.closed).toBe(false);
    await fixture.pass(MQTT_END_S_MAX + 2);
    expect(connection.closed).toBe(true);
  });

  it("closes the older connection of a client identifier [MQTT-3.1.4-3]", async () => {
    const fixture = await MqttFixture.start();
    const older = await fixture.connect({ protocolVersion: 5, clientId: "same" });
    const newer = await fixture.connect({ clientId: "same" });
    await older.untilClosed();
    expect(written(older)).toBe("e0028e00");
    newer.push(publish(1));
    await newer.untilWritten(4);
    expect(fixture.ingress.connections).toBe(1);
  });

  it("refuses more publishes than Receive Maximum allows", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect({ protocolVersion: 5 });
    connection.push(publishPacket({ topic: "a", qos: 1, messageId: 1 }, 5));
    await connection.untilWritten(4);
    connection.writes.length = 0;
    fixture.disk.holdSyncs();
    const packets = Array.from(
      { length: 20_000 },
      (_, at) => publishPacket({ topic: "a", qos: 1, messageId: at + 1 }, 5),
    );
    connection.push(concat(packets));
    await connection.untilClosed();
    expect(written(connection).slice(-8)).toBe("e0029300");
  });
});

describe("Session: CONNECT pipelined with publishes", () => {
  it("takes what came behind CONNECT in the same read", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.open();
    connection.push(concat([connectPacket(), publish(1), publish(2)]));
    await connection.untilWritten(12);
    expect(written(connection)).toBe(`20020000${pubacks(1, 2)}`);
  });
});
