import { expect, it } from "vitest";
import { MqttFixture, settle } from "../../../support/mqtt_fixture.ts";
import { HeldClient } from "../../../support/mqtt_held_client.ts";

const ONE_AT_A_TIME = { protocolVersion: 5, properties: { receiveMaximum: 1 } } as const;

it("handlePubrec() answers PUBREL, each time it comes", async () => {
  const fixture = await MqttFixture.start();
  const client = await HeldClient.connect(fixture, ONE_AT_A_TIME);
  await client.subscribe([{ topic: "a", qos: 2 }]);
  for (const payload of ["1", "2"]) client.publish({ topic: "a", qos: 2, payload });
  const messageId = (await client.untilPublishes(1))[0]!.messageId!;
  for (const times of [1, 2]) {
    client.send({ cmd: "pubrec", messageId });
    expect(await client.until("pubrel", times)).toHaveLength(times);
  }
  expect(client.messages, "there is no room before PUBCOMP").toEqual(["a 1"]);
});

it("handlePubrec() ends the exchange where it refuses [MQTT-4.3.3-4]", async () => {
  const fixture = await MqttFixture.start();
  const client = await HeldClient.connect(fixture, ONE_AT_A_TIME);
  await client.subscribe([{ topic: "a", qos: 2 }]);
  for (const payload of ["1", "2"]) client.publish({ topic: "a", qos: 2, payload });
  const messageId = (await client.untilPublishes(1))[0]!.messageId!;
  client.send({ cmd: "pubrec", messageId, reasonCode: 0x97 });
  await client.untilPublishes(2);
  await settle();
  expect(await client.until("pubrel", 0)).toEqual([]);
});

it("handlePubrec() says in MQTT 5 that it knows no such message", async () => {
  const fixture = await MqttFixture.start();
  const client = await HeldClient.connect(fixture, ONE_AT_A_TIME);
  client.send({ cmd: "pubrec", messageId: 9 });
  expect(await client.until("pubrel", 1)).toMatchObject([{ messageId: 9, reasonCode: 0x92 }]);
});
