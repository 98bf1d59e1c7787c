import { expect, it } from "vitest";
import { toHex } from "../../../../src/base/bytes.ts";
import { MqttFixture, settle } from "../../../support/mqtt_fixture.ts";
import { packetOf, publishPacket } from "../../../support/mqtt_packets.ts";

it("handlePingreq() answers at once, whatever the disk does", async () => {
  const fixture = await MqttFixture.start();
  const connection = await fixture.connect();
  const release = fixture.disk.holdSyncs();
  connection.push(publishPacket({ topic: "a", qos: 1, messageId: 1 }));
  connection.push(packetOf({ cmd: "pingreq" }));
  await settle();
  expect(toHex(connection.written)).toBe("d000");
  release();
  await connection.untilWritten(6);
  expect(toHex(connection.written)).toBe("d00040020001");
});
