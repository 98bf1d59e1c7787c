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

it("handlePuback() takes several that come together, whatever is behind them", async () => {
  const fixture = await MqttFixture.start();
  const client = await HeldClient.connect(fixture, {
    protocolVersion: 5,
    properties: { receiveMaximum: 3 },
  });
  await client.subscribe(["a"]);
  const payloads = ["1", "2", "3", "4", "5", "6"];
  for (const payload of payloads) client.publish({ topic: "a", qos: 1, payload });
  await client.untilPublishes(3);
  const acks = [1, 2, 3].flatMap((packetId) => [0x40, 2, 0, packetId]);
  client.connection.push(Uint8Array.from([...acks, 0xc0, 0]));
  await client.until("pingresp", 1);
  await client.untilPublishes(6);
  expect(client.messages).toEqual(payloads.map((payload) => `a ${payload}`));
  client.connection.push(Uint8Array.of(0x40, 2, 0, 9, 0x40, 2, 0, 0));
  await settle();
  expect(client.connection.closed, "identifier 0 [MQTT-2.2.1-3]").toBe(true);
});
