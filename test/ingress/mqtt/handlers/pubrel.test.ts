/** QoS 2, all four packets: one record, however often the PUBLISH comes. */
import { describe, expect, it } from "vitest";
import { toHex } from "../../../../src/base/bytes.ts";
import { MqttFixture, settle } from "../../../support/mqtt_fixture.ts";
import { packetOf, publishPacket } from "../../../support/mqtt_packets.ts";

const publish = (payload: string, dup = false, messageId = 7) =>
  publishPacket({ topic: "a", payload, qos: 2, messageId, dup });
const pubrel = (messageId = 7) => packetOf({ cmd: "pubrel", messageId });

const LASTING = { clean: false, clientId: "c" } as const;

describe("QoS 2", () => {
  it("goes through PUBREC and PUBCOMP", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect(LASTING);
    connection.push(publish("x"));
    await connection.untilWritten(4);
    connection.push(pubrel());
    await connection.untilWritten(8);
    expect(toHex(connection.written)).toBe("5002000770020007");
    expect(await fixture.values("logs")).toEqual(["x"]);
  });

  it("gives a repeat its PUBREC, and no second record [MQTT-4.3.3-10]", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect(LASTING);
    connection.push(publish("x"));
    await connection.untilWritten(4);
    connection.push(publish("x", true));
    await connection.untilWritten(8);
    expect(toHex(connection.written)).toBe("5002000750020007");
    expect(await fixture.values("logs")).toEqual(["x"]);
  });

  it("takes the identifier for a new publish after PUBREL", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect(LASTING);
    for (const payload of ["x", "y"]) {
      connection.writes.length = 0;
      connection.push(publish(payload));
      await connection.untilWritten(4);
      connection.push(pubrel());
      await connection.untilWritten(8);
    }
    expect(await fixture.values("logs")).toEqual(["x", "y"]);
  });

  it("sends no PUBREC before the record is durable, to a repeat neither", async () => {
    const fixture = await MqttFixture.start();
    const older = await fixture.connect(LASTING);
    const release = fixture.disk.holdSyncs();
    older.push(publish("x"));
    await settle();
    release();
    await older.untilWritten(4);
    expect(toHex(older.written)).toBe("50020007");
  });

  it("recognises a repeat on a new connection while the first is on its way", async () => {
    const fixture = await MqttFixture.start();
    const first = await fixture.connect(LASTING);
    first.push(publish("first", false, 1));
    await first.untilWritten(4);
    const second = await fixture.connect(LASTING);
    const release = fixture.disk.holdSyncs();
    second.push(publish("x"));
    await settle();
    const third = await fixture.open();
    const { connectPacket } = await import("../../../support/mqtt_packets.ts");
    third.push(connectPacket(LASTING));
    await third.untilWritten(4);
    third.writes.length = 0;
    third.push(publish("x", true));
    await settle();
    expect(toHex(third.written), "the first is not durable yet").toBe("");
    release();
    await third.untilWritten(4);
    expect(toHex(third.written)).toBe("50020007");
    expect(await fixture.values("logs")).toEqual(["first", "x"]);
  });

  it("forgets what was held when a clean session begins", async () => {
    const fixture = await MqttFixture.start();
    const first = await fixture.connect(LASTING);
    first.push(publish("x"));
    await first.untilWritten(4);
    const second = await fixture.connect({ clean: true, clientId: "c" });
    second.push(publish("y"));
    await second.untilWritten(4);
    expect(await fixture.values("logs")).toEqual(["x", "y"]);
  });

  it("tells MQTT 5 of a failure, and does not hold the identifier", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect({ protocolVersion: 5 });
    const packet = publishPacket({ topic: "a", payload: "x", qos: 2, messageId: 7 }, 5);
    fixture.disk.writeFault = (path) => path.startsWith("logs-") ? "full" : null;
    connection.push(packet);
    await connection.untilWritten(5);
    expect(toHex(connection.written)).toBe("5003000797");
    fixture.disk.writeFault = null;
    connection.writes.length = 0;
    connection.push(packet);
    await connection.untilWritten(4);
    expect(toHex(connection.written)).toBe("50020007");
    expect(await fixture.values("logs")).toEqual(["x"]);
  });
});

describe("handlePubrel()", () => {
  it("answers an identifier that is not held", async () => {
    const fixture = await MqttFixture.start();
    const four = await fixture.connect();
    four.push(pubrel(9));
    await four.untilWritten(4);
    expect(toHex(four.written)).toBe("70020009");
    const five = await fixture.connect({ protocolVersion: 5, clientId: "five" });
    five.push(packetOf({ cmd: "pubrel", messageId: 9 }, 5));
    await five.untilWritten(5);
    expect(toHex(five.written)).toBe("7003000992");
  });

  it("sends PUBCOMP only once the release is synced", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect(LASTING);
    connection.push(publish("x"));
    await connection.untilWritten(4);
    connection.writes.length = 0;
    const release = fixture.disk.holdSyncs();
    connection.push(pubrel());
    await settle();
    expect(toHex(connection.written)).toBe("");
    release();
    await connection.untilWritten(4);
    expect(toHex(connection.written)).toBe("70020007");
  });

  it("closes when the release cannot be made durable", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect(LASTING);
    connection.push(publish("x"));
    await connection.untilWritten(4);
    connection.writes.length = 0;
    fixture.disk.writeFault = () => "fail";
    connection.push(pubrel());
    await connection.untilClosed();
    expect(toHex(connection.written)).toBe("");
  });
});
