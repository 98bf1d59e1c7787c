import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/base/bytes.ts";
import { MQTT_REFUSED_AT_ONCE_MAX } from "../../../src/base/door_limits.ts";
import { MqttFixture, settle } from "../../support/mqtt_fixture.ts";
import { connectPacket, publishPacket } from "../../support/mqtt_packets.ts";

describe("MqttIngress.run()", () => {
  it("tells who comes over its limit of connections, and lets others in later", async () => {
    const fixture = await MqttFixture.start({ limits: { connectionsMax: 2 } });
    const first = await fixture.connect({ clientId: "1" });
    await fixture.connect({ clientId: "2" });
    for (const [protocolVersion, connack] of [[5, "2003009700"], [4, "20020003"]] as const) {
      const third = await fixture.open();
      third.push(connectPacket({ clientId: "3", protocolVersion }));
      await third.untilClosed();
      expect(toHex(third.written)).toBe(connack);
    }
    // The two who were let in are served as ever.
    first.push(Uint8Array.of(0xc0, 0));
    await settle();
    expect(toHex(first.written)).toBe("d000");
    first.push(null);
    await settle();
    const fourth = await fixture.connect({ clientId: "4" });
    expect(fourth.closed).toBe(false);
    expect(fixture.ingress.connections).toBe(2);
  });

  it("only closes where too many are being told", async () => {
    const fixture = await MqttFixture.start({ limits: { connectionsMax: 1 } });
    await fixture.connect({ clientId: "1" });
    const over = [];
    for (let at = 0; at < MQTT_REFUSED_AT_ONCE_MAX + 5; at++) over.push(await fixture.open());
    expect(over.filter(({ closed }) => closed)).toHaveLength(5);
    await fixture.pass(11);
    expect(over.every(({ closed }) => closed)).toBe(true);
    expect(fixture.ingress.connections).toBe(1);
  });

  it("tells who connects too often, and nobody else", async () => {
    const fixture = await MqttFixture.start({ limits: { connectsPerSecondMax: 2 } });
    const outcomes: string[] = [];
    for (const clientId of ["1", "2", "3"]) {
      const connection = await fixture.open();
      connection.push(connectPacket({ clientId, protocolVersion: 5 }));
      await connection.untilWritten(4);
      outcomes.push(toHex(connection.written.subarray(2, 4)));
    }
    expect(outcomes).toEqual(["0000", "0000", "009f"]);
    await fixture.pass(1);
    expect((await fixture.connect({ clientId: "3" })).closed).toBe(false);
  });

  it("keeps no more sessions than it may, but all others go on", async () => {
    const fixture = await MqttFixture.start({ limits: { sessionsMax: 1 } });
    await fixture.connect({ clientId: "kept", clean: false });
    const refused = await fixture.open();
    refused.push(connectPacket({ clientId: "more", clean: false }));
    await refused.untilClosed();
    expect(toHex(refused.written)).toBe("20020003");
    expect((await fixture.connect({ clientId: "more" })).closed).toBe(false);
    expect((await fixture.connect({ clientId: "kept", clean: false })).closed).toBe(false);
  });

  it("reads a client no faster than it may send, and loses nothing", async () => {
    const ratesEach = { bytesPerSecond: null, packetsPerSecond: 20 };
    const fixture = await MqttFixture.start({ limits: { ratesEach } });
    const [greedy, modest] = [
      await fixture.connect({ clientId: "greedy" }),
      await fixture.connect({ clientId: "modest" }),
    ];
    for (let id = 1; id <= 200; id++) {
      greedy.push(publishPacket({ topic: "g", payload: `${id}`, qos: 1, messageId: id }));
    }
    modest.push(publishPacket({ topic: "m", payload: "m", qos: 1, messageId: 1 }));
    await modest.untilWritten(4);
    await settle();
    expect((await fixture.values("logs")).length).toBeLessThan(150);
    await fixture.pass(12);
    expect(await fixture.values("logs")).toHaveLength(201);
  });

  it("gives every byte back when its clients are gone", async () => {
    const fixture = await MqttFixture.start();
    const release = fixture.disk.holdSyncs();
    for (let nth = 0; nth < 5; nth++) {
      const connection = await fixture.connect({ clientId: `${nth}` });
      connection.push(publishPacket({ topic: "a", payload: "x", qos: 1, messageId: 1 }));
      connection.push(Uint8Array.of(0x30, 0xff, 0xff, 0x03, 1, 2, 3));
      await settle();
      connection.close();
    }
    release();
    await settle();
    expect(fixture.admission.bytes).toBe(0);
    expect(fixture.ingress.connections).toBe(0);
    expect(await fixture.values("logs")).toHaveLength(5);
  });
});

describe("MqttIngress.stop()", () => {
  it("answers what was read, tells MQTT 5, closes everyone", async () => {
    const fixture = await MqttFixture.start();
    const four = await fixture.connect({ clientId: "four" });
    const five = await fixture.connect({ clientId: "five", protocolVersion: 5 });
    const fresh = await fixture.open();
    const release = fixture.disk.holdSyncs();
    four.push(publishPacket({ topic: "a", payload: "4", qos: 1, messageId: 4 }));
    five.push(publishPacket({ topic: "a", payload: "5", qos: 1, messageId: 5 }, 5));
    await settle();
    const stopped = fixture.ingress.stop();
    await settle();
    expect(fresh.closed).toBe(true);
    expect(four.closed || five.closed).toBe(false);
    release();
    await stopped;
    expect(toHex(four.written)).toBe("40020004");
    expect(toHex(five.written)).toBe("40020005e0028b00");
    expect(four.closed && five.closed).toBe(true);
  });

  it("does not wait for ever for a client that does not read", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect();
    connection.holdWrites();
    connection.push(publishPacket({ topic: "a", qos: 1, messageId: 4 }));
    await settle();
    const stopped = fixture.ingress.stop();
    await fixture.pass(6);
    await stopped;
    expect(connection.closed).toBe(true);
  });
});
