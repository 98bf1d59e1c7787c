import { describe, expect, it } from "vitest";
import { toHex } from "../../../../src/base/bytes.ts";
import { MqttFixture, settle } from "../../../support/mqtt_fixture.ts";
import { HeldClient } from "../../../support/mqtt_held_client.ts";
import { packetOf } from "../../../support/mqtt_packets.ts";

describe("handleUnsubscribe()", () => {
  it("answers, and says in MQTT 5 where there was nothing", async () => {
    const fixture = await MqttFixture.start();
    const packet = { cmd: "unsubscribe", messageId: 6 } as const;
    const four = await fixture.connect();
    four.push(packetOf({ ...packet, unsubscriptions: ["a", "b"] }));
    await four.untilWritten(4);
    expect(toHex(four.written)).toBe("b0020006");
    const five = await HeldClient.connect(fixture, { protocolVersion: 5, clientId: "five" });
    await five.subscribe(["b"]);
    five.send({ ...packet, unsubscriptions: ["a", "b"] });
    await five.until("unsuback", 1);
    expect(toHex(five.connection.written)).toBe("b0050006001100");
  });

  it("ends delivery for that filter, and for no other", async () => {
    const fixture = await MqttFixture.start();
    const client = await HeldClient.connect(fixture);
    await client.subscribe(["a", "b"]);
    await client.unsubscribe("a");
    for (const topic of ["a", "b"]) client.publish({ topic, payload: "1" });
    await client.untilPublishes(1);
    await settle();
    expect(client.messages).toEqual(["b 1"]);
  });
});
