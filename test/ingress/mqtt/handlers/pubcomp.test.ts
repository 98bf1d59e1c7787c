import { expect, it } from "vitest";
import { MqttFixture, settle } from "../../../support/mqtt_fixture.ts";
import { HeldClient } from "../../../support/mqtt_held_client.ts";

it("handlePubcomp() frees the identifier, once PUBREC came", async () => {
  const fixture = await MqttFixture.start();
  const client = await HeldClient.connect(fixture, {
    protocolVersion: 5,
    properties: { receiveMaximum: 1 },
  });
  await client.subscribe([{ topic: "a", qos: 2 }]);
  for (const payload of ["1", "2"]) client.publish({ topic: "a", qos: 2, payload });
  const messageId = (await client.untilPublishes(1))[0]!.messageId!;
  client.send({ cmd: "pubcomp", messageId });
  await settle();
  expect(client.messages, "too early").toEqual(["a 1"]);
  client.send({ cmd: "pubrec", messageId });
  await client.until("pubrel", 1);
  client.send({ cmd: "pubcomp", messageId });
  await client.untilPublishes(2);
  expect(client.messages).toEqual(["a 1", "a 2"]);
});
