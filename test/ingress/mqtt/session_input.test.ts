/** What comes in beside publishes; session.test.ts has those, and what makes reading pause. */
import { describe, expect, it } from "vitest";
import { concat } from "../../../src/base/bytes.ts";
import { MqttFixture } from "../../support/mqtt_fixture.ts";
import { HeldClient } from "../../support/mqtt_held_client.ts";
import { packetOf, publishPacket } from "../../support/mqtt_packets.ts";

describe("SessionInput", () => {
  it("takes acknowledgements and publishes in one read, in any order", async () => {
    const fixture = await MqttFixture.start();
    const client = await HeldClient.connect(fixture);
    await client.subscribe([{ topic: "a", qos: 2 }]);
    const publish = (messageId: number) =>
      publishPacket({ topic: "a", qos: 1, messageId, payload: `${messageId}` });
    client.connection.push(concat([101, 102, 103].map(publish)));
    const ids = (await client.untilPublishes(3)).map(({ messageId }) => messageId!);
    client.forget();
    client.connection.push(
      concat([
        packetOf({ cmd: "puback", messageId: ids[0]! }),
        publish(104),
        packetOf({ cmd: "puback", messageId: ids[1]! }),
        packetOf({ cmd: "puback", messageId: ids[2]! }),
        packetOf({ cmd: "pingreq" }),
        publish(105),
      ]),
    );
    await client.untilPublishes(2);
    expect(client.messages).toEqual(["a 104", "a 105"]);
    await client.until("puback", 2);
    await client.until("pingresp", 1);
  });

  it("takes an acknowledgement cut anywhere", async () => {
    const fixture = await MqttFixture.start();
    const client = await HeldClient.connect(fixture, {
      protocolVersion: 5,
      properties: { receiveMaximum: 1 },
    });
    await client.subscribe(["a"]);
    for (const payload of ["1", "2"]) client.publish({ topic: "a", qos: 1, payload });
    const [{ messageId }] = await client.untilPublishes(1) as unknown as [{ messageId: number }];
    const packet = packetOf({ cmd: "puback", messageId, reasonCode: 0x10 }, 5);
    for (const byte of packet) {
      client.connection.push(Uint8Array.of(byte));
      await Promise.resolve();
    }
    await client.untilPublishes(2);
    expect(client.messages).toEqual(["a 1", "a 2"]);
  });
});
