import { describe, expect, it } from "vitest";
import { concat, toHex } from "../../../src/base/bytes.ts";
import { MqttFixture } from "../../support/mqtt_fixture.ts";
import { packetOf, publishPacket } from "../../support/mqtt_packets.ts";

describe("SessionOutput", () => {
  it("sends nothing larger than the client takes [MQTT-3.1.2-25]", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.open();
    const properties = { maximumPacketSize: 10 };
    connection.push(concat([
      packetOf({ cmd: "connect", clientId: "c", protocolVersion: 5, properties }, 5),
      publishPacket({ topic: "a", qos: 1, messageId: 1 }, 5),
    ]));
    await connection.untilClosed();
    expect(toHex(connection.written), "the CONNACK is larger, and nothing goes without it").toBe(
      "",
    );
  });

  it("answers each publish of a failed commit by itself, and goes on with the next", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect({ protocolVersion: 5 });
    const publish = (messageId: number) =>
      publishPacket({ topic: "a", payload: "x", qos: 1, messageId }, 5);
    connection.push(publish(1));
    await connection.untilWritten(4);
    connection.writes.length = 0;
    fixture.disk.writeFault = () => "full";
    connection.push(concat([publish(2), publish(3)]));
    await connection.untilWritten(10);
    fixture.disk.writeFault = null;
    connection.push(publish(4));
    await connection.untilWritten(14);
    expect(toHex(connection.written)).toBe("4003000297" + "4003000397" + "40020004");
  });
});
