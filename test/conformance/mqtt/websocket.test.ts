/** Chapter 6: MQTT over WebSocket. */
import { expect } from "vitest";
import { bytes, connect, PINGREQ, publish, subscribe } from "../../support/mqtt_bytes.ts";
import { clause, type World } from "../../support/mqtt_clauses.ts";
import { RawMqttClient } from "../../support/mqtt_raw_client.ts";

/** A connection, and the bytes that let it in. */
async function open({ webSocketUrl, version, clientId }: World) {
  const client = await RawMqttClient.openWebSocket(webSocketUrl!, version);
  return { client, greeting: connect({ version, clientId: clientId() }) };
}

clause(
  { v4: "6.0.0-1 6.0.0-4", v5: "6.0.0-1 6.0.0-4" },
  "speaks MQTT in binary frames of the subprotocol mqtt",
  async (world) => {
    // Opening it rejects another subprotocol, and a text frame reads as malformed.
    const { client, greeting } = await open(world);
    client.send(greeting);
    expect(await client.next()).toMatchObject({ type: "connack", code: 0 });
    await client.subscribe({ filter: world.topic(), qos: 2 });
    for (const qos of [0, 1, 2]) {
      await client.publish(world.topic(), "x".repeat(70_000), { qos });
      expect(await client.message()).toMatchObject({ qos, payload: "x".repeat(70_000) });
    }
    client.drop();
  },
);

clause(
  { v4: "6.0.0-1", v5: "6.0.0-1" },
  "closes on a text frame",
  async (world) => {
    const { client, greeting } = await open(world);
    client.send(greeting);
    await client.take("connack");
    client.sendText("\u0030\u0003");
    await client.ended();
  },
);

clause(
  { v4: "6.0.0-2", v5: "6.0.0-2" },
  "reads packets that share frames, or span them",
  async (world) => {
    const { version, topic } = world;
    const { client, greeting } = await open(world);
    const stream = bytes(
      greeting,
      subscribe({ version, id: 1, filters: [{ filter: topic(), qos: 1 }] }),
      publish({ version, topic: topic(), payload: "one", qos: 1, id: 2 }),
      PINGREQ,
    );
    for (const byte of greeting) client.send(bytes(byte));
    client.send(stream.subarray(greeting.length, greeting.length + 5));
    client.send(stream.subarray(greeting.length + 5));
    await client.take("connack");
    await client.take("suback", 1);
    await client.take("puback", 2);
    await client.take("pingresp");
    expect((await client.message()).payload).toBe("one");
    client.drop();
  },
);

clause(
  { v4: "6.0.0-2", v5: "6.0.0-2" },
  "closes on the same faults as over TCP",
  async (world) => {
    const { client, greeting } = await open(world);
    client.send(greeting, publish({ version: world.version, topic: "a", qos: 3 }));
    await client.take("connack");
    const left = await client.ended();
    expect(left.length).toBeLessThanOrEqual(world.version === 4 ? 0 : 1);
  },
);
