import { expect, it } from "vitest";
import { toHex } from "../../../../src/base/bytes.ts";
import { MqttFixture } from "../../../support/mqtt_fixture.ts";
import { packetOf } from "../../../support/mqtt_packets.ts";

it("handlePacket() ends a connection that answers what was never sent", async () => {
  const fixture = await MqttFixture.start();
  for (const cmd of ["puback", "pubrec", "pubcomp"] as const) {
    const connection = await fixture.connect({ protocolVersion: 5 });
    connection.push(packetOf({ cmd, messageId: 1 }, 5));
    await connection.untilClosed();
    expect(toHex(connection.written), cmd).toBe("e0028200");
  }
});
