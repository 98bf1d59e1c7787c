import { describe, expect, it } from "vitest";
import { concat, toHex } from "../../../src/base/bytes.ts";
import { MqttFixture } from "../../support/mqtt_fixture.ts";
import { packetOf, publishPacket } from "../../support/mqtt_packets.ts";

describe("FastPath.take()", () => {
  it("hands over what is not a plain publish, in the middle of those that are", async () => {
    const fixture = await MqttFixture.start();
    const connection = await fixture.connect();
    const publish = (messageId: number, retain = false) =>
      publishPacket({ topic: "a", payload: `${messageId}`, qos: 1, messageId, retain });
    connection.push(concat([
      publish(1),
      publish(2),
      packetOf({ cmd: "pingreq" }),
      publish(3, true),
      publish(4),
    ]));
    await connection.untilWritten(18);
    expect(toHex(connection.written)).toBe("d000" + "40020001400200024002000340020004");
    expect(await fixture.values("logs")).toEqual(["1", "2", "3", "4"]);
  });

  it("seals batches that are full, and partitions that hold a slot others need", async () => {
    const routes = Array.from(
      { length: 50 },
      (_, at) => ({ filter: `t/${at}/#`, topic: `topic-${at}` }),
    );
    const fixture = await MqttFixture.start({ routes });
    const connection = await fixture.connect();
    const payload = "x".repeat(20_000);
    let messageId = 0;
    for (let turn = 0; turn < 4; turn++) {
      const packets = routes.map((_, at) =>
        publishPacket({ topic: `t/${at}/x`, payload, qos: 1, messageId: ++messageId })
      );
      connection.push(concat(packets));
      await connection.untilWritten(4 * messageId);
    }
    for (const { topic } of routes) expect(await fixture.records(topic)).toHaveLength(4);
  });
});
