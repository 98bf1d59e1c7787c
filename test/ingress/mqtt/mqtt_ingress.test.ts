import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/base/bytes.ts";
import { MqttFixture, settle } from "../../support/mqtt_fixture.ts";
import { publishPacket } from "../../support/mqtt_packets.ts";

describe("MqttIngress.run()", () => {
  it("closes what comes over its limit of connections, and lets others in later", async () => {
    const fixture = await MqttFixture.start({ limits: { connectionsMax: 2 } });
    const first = await fixture.connect({ clientId: "1" });
    await fixture.connect({ clientId: "2" });
    const third = await fixture.open();
    expect(third.closed).toBe(true);
    first.push(null);
    await settle();
    const fourth = await fixture.connect({ clientId: "4" });
    expect(fourth.closed).toBe(false);
    expect(fixture.ingress.connections).toBe(2);
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
