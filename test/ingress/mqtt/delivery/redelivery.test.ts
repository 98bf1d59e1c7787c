/** What is sent again on the next connection, and what is not. */
import { describe, expect, it } from "vitest";
import { MqttFixture, settle } from "../../../support/mqtt_fixture.ts";
import { HeldClient } from "../../../support/mqtt_held_client.ts";

const LASTING = { clean: false, clientId: "lasting" } as const;
const LASTING_5 = {
  ...LASTING,
  protocolVersion: 5,
  properties: { sessionExpiryInterval: 1_000 },
} as const;

async function started(options: Parameters<typeof HeldClient.connect>[1] = LASTING) {
  const fixture = await MqttFixture.start();
  const reader = await HeldClient.connect(fixture, options);
  const writer = await HeldClient.connect(fixture, { clientId: "writer" });
  await reader.subscribe([{ topic: "a", qos: 2 }]);
  return { fixture, reader, writer };
}

describe("Redelivery", () => {
  it("sends again under the same identifiers, in the order of before [MQTT-4.4.0-1]", async () => {
    const { fixture, reader, writer } = await started();
    for (const qos of [1, 2, 1, 2] as const) writer.publish({ topic: "a", qos, payload: `${qos}` });
    const before = await reader.untilPublishes(4);
    reader.send({ cmd: "pubrec", messageId: before[1]!.messageId! });
    await reader.until("pubrel", 1);
    reader.send({ cmd: "puback", messageId: before[2]!.messageId! });
    await settle();
    await reader.drop();
    writer.publish({ topic: "a", qos: 1, payload: "new" });
    await writer.until("puback", 3);
    const again = await HeldClient.connect(fixture, LASTING);
    await again.untilPublishes(3);
    const ids = before.map(({ messageId }) => messageId);
    expect(again.packets).toMatchObject([
      { cmd: "publish", messageId: ids[0], dup: true, qos: 1 },
      { cmd: "pubrel", messageId: ids[1] },
      { cmd: "publish", messageId: ids[3], dup: true, qos: 2 },
      { cmd: "publish", dup: false, qos: 1 },
    ]);
    again.send({ cmd: "pubcomp", messageId: ids[1]! });
    again.acknowledge();
    await settle();
    await again.drop();
    const third = await HeldClient.connect(fixture, LASTING);
    await third.untilPublishes(1);
    await settle();
    expect(third.packets, "only what was not acknowledged").toMatchObject([{ messageId: ids[3] }]);
  });

  it("sends no more again than the client takes now", async () => {
    const { fixture, reader, writer } = await started(LASTING_5);
    for (const payload of ["1", "2", "3", "4", "5"]) {
      writer.publish({ topic: "a", qos: 1, payload });
    }
    await reader.untilPublishes(5);
    await reader.drop();
    const again = await HeldClient.connect(fixture, {
      ...LASTING_5,
      clean: false,
      properties: { sessionExpiryInterval: 1_000, receiveMaximum: 2 },
    });
    await again.untilPublishes(2);
    await settle();
    expect(again.messages).toEqual(["a 1", "a 2"]);
    again.acknowledge(again.publishes.slice(0, 1));
    await again.untilPublishes(3);
    await settle();
    expect(again.messages).toEqual(["a 1", "a 2", "a 3"]);
    again.acknowledge(again.publishes.slice(1));
    await again.untilPublishes(5);
    expect(again.publishes.every(({ dup }) => dup)).toBe(true);
  });

  it("gives up what is in the log no more, and goes on", async () => {
    const { fixture, reader, writer } = await started();
    writer.publish({ topic: "a", qos: 1, payload: "gone" });
    await reader.untilPublishes(1);
    await reader.drop();
    writer.publish({ topic: "a", qos: 1, payload: "kept" });
    await writer.until("puback", 2);
    const [log] = fixture.store.topic("logs")!.partitions;
    log!.setLogStart(1);
    // What was decoded before is forgotten with the process.
    await fixture.ingress.stop();
    await fixture.store.close();
    const { disk, catalogue, book } = fixture;
    const after = await MqttFixture.start({ disk, catalogue, book });
    after.store.topic("logs")!.partitions[0]!.setLogStart(1);
    const again = await HeldClient.connect(after, LASTING);
    await again.untilPublishes(1);
    await settle();
    expect(again.messages).toEqual(["a kept"]);
  });
});
