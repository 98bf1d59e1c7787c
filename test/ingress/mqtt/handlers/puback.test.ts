import { expect, it } from "vitest";
import { MqttFixture, settle } from "../../../support/mqtt_fixture.ts";
import { HeldClient } from "../../../support/mqtt_held_client.ts";

it("handlePuback() makes room for the next message, whatever the reason code", async () => {
  const fixture = await MqttFixture.start();
  const client = await HeldClient.connect(fixture, {
    protocolVersion: 5,
    properties: { receiveMaximum: 1 },
  });
  await client.subscribe(["a"]);
  for (const payload of ["1", "2", "3"]) client.publish({ topic: "a", qos: 1, payload });
  const [first] = await client.untilPublishes(1);
  await settle();
  expect(client.messages).toEqual(["a 1"]);
  client.send({ cmd: "puback", messageId: first!.messageId! + 1 });
  await settle();
  expect(client.messages, "of another").toEqual(["a 1"]);
  client.send({ cmd: "puback", messageId: first!.messageId!, reasonCode: 0x80 });
  const [, second] = await client.untilPublishes(2);
  client.send({ cmd: "puback", messageId: second!.messageId! });
  await client.untilPublishes(3);
  expect(client.messages).toEqual(["a 1", "a 2", "a 3"]);
});
