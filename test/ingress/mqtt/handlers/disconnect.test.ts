import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../../../src/base/bytes.ts";
import { MqttFixture, settle } from "../../../support/mqtt_fixture.ts";
import { packetOf, publishPacket } from "../../../support/mqtt_packets.ts";

const WILL = { topic: "w", payload: "gone", qos: 1, retain: false } as const;

describe("handleDisconnect()", () => {
  it("closes, and drops the will [MQTT-3.14.4-3]", async () => {
    const fixture = await MqttFixture.start();
    for (const packet of [packetOf({ cmd: "disconnect" }), fromHex("e000")]) {
      const connection = await fixture.connect({ will: WILL });
      connection.push(packet);
      await connection.untilClosed();
    }
    await settle();
    expect(await fixture.values("logs")).toEqual([]);
  });

  it("keeps the will when MQTT 5 asks for it", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect({ protocolVersion: 5, will: WILL });
    connection.push(packetOf({ cmd: "disconnect", reasonCode: 4 }, 5));
    await connection.untilClosed();
    await settle();
    expect(await fixture.values("logs")).toEqual(["gone"]);
  });

  it("still stores what came before it", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect();
    connection.push(publishPacket({ topic: "a", payload: "x", qos: 0 }));
    connection.push(packetOf({ cmd: "disconnect" }));
    await connection.untilClosed();
    await settle();
    expect(await fixture.values("logs")).toEqual(["x"]);
  });

  it("changes how long the session lasts, but not from nothing [MQTT-3.14.2-2]", async () => {
    const fixture = await MqttFixture.start();
    const leave = packetOf({
      cmd: "disconnect",
      reasonCode: 0,
      properties: { sessionExpiryInterval: 9 },
    }, 5);
    const none = await fixture.connect({ protocolVersion: 5 });
    none.push(leave);
    await none.untilClosed();
    expect(toHex(none.written)).toBe("e0028200");
    const some = await fixture.connect({
      protocolVersion: 5,
      properties: { sessionExpiryInterval: 5 },
    });
    some.push(leave);
    await some.untilClosed();
    expect(toHex(some.written)).toBe("");
  });
});
