import { expect, it } from "vitest";
import { toHex } from "../../../../src/base/bytes.ts";
import { MqttFixture, settle } from "../../../support/mqtt_fixture.ts";
import { packetOf } from "../../../support/mqtt_packets.ts";

it("handlePacket() lets a client answer what was never sent: it may have been, long ago", async () => {
  const fixture = await MqttFixture.start();
  const connection = await fixture.connect();
  for (const cmd of ["puback", "pubcomp", "pubrec"] as const) {
    connection.push(packetOf({ cmd, messageId: 7 }));
  }
  await settle();
  expect(toHex(connection.written), "PUBREL, so that the client is done with it").toBe("62020007");
  expect(connection.closed).toBe(false);
});

it("handlePacket() ends a connection that sends what only a server does", async () => {
  const fixture = await MqttFixture.start();
  for (const cmd of ["suback", "unsuback"] as const) {
    const connection = await fixture.connect();
    connection.push(packetOf({ cmd, messageId: 7, granted: [0] }));
    await connection.untilClosed();
  }
});

it("handlePacket() ends a connection on a second CONNECT [MQTT-3.1.0-2]", async () => {
  const fixture = await MqttFixture.start();
  const connection = await fixture.connect();
  connection.push(packetOf({ cmd: "connect", clientId: "c1", clean: true, keepalive: 0 }));
  await connection.untilClosed();
});
