/** Chapters 4.6 and 4.9: the order of messages, and how many may be in flight. */
import { expect } from "vitest";
import { ack, PINGREQ, publish, subscribe } from "../../support/mqtt_bytes.ts";
import { clause, expectFault } from "../../support/mqtt_clauses.ts";

clause(
  { v4: "4.6.0-5 4.6.0-6", v5: "4.6.0-5 4.6.0-6" },
  "sends the messages of a client in the order it published them, for each QoS",
  async ({ connect, topic, version }) => {
    const subscriber = await connect();
    await subscriber.subscribe({ filter: topic("#"), qos: 2 });
    const publisher = await connect();
    for (const qos of [0, 1, 2]) {
      const count = 300;
      for (let nth = 0; nth < count; nth += 15) {
        for (let at = nth; at < nth + 15; at++) {
          const id = at + 1;
          publisher.send(publish({ version, topic: topic("a"), payload: `${at}`, qos, id }));
        }
        if (qos === 0) continue;
        for (let at = nth; at < nth + 15; at++) {
          await publisher.take(qos === 1 ? "puback" : "pubrec", at + 1);
          if (qos === 2) publisher.send(ack("pubrel", at + 1));
        }
        if (qos === 2) { for (let at = nth; at < nth + 15; at++) await publisher.take("pubcomp"); }
      }
      for (let nth = 0; nth < count; nth++) {
        expect(await subscriber.message()).toMatchObject({ payload: `${nth}`, qos });
      }
    }
  },
);

clause(
  { v4: "4.6.0-1", v5: "4.6.0-5" },
  "sends again in the order it sent first, and new messages after that",
  async ({ connect, topic, clientId }) => {
    const lasting = {
      clientId: clientId(),
      clean: false,
      properties: [["sessionExpiryInterval", 600]],
    } as const;
    const publisher = await connect();
    let client = await connect(lasting);
    await client.subscribe({ filter: topic(), qos: 1 });
    for (let turn = 0; turn < 3; turn++) {
      for (let nth = 0; nth < 5; nth++) {
        await publisher.publish(topic(), `${turn * 5 + nth}`, { qos: 1 });
      }
      // Taken from the socket, never acknowledged.
      for (let nth = 0; nth < turn * 5 + 5; nth++) {
        expect((await client.take("publish")).payload).toBe(`${nth}`);
      }
      client.drop();
      client = await connect(lasting);
    }
    for (let nth = 0; nth < 15; nth++) expect((await client.message()).payload).toBe(`${nth}`);
  },
);

clause(
  { v5: "3.3.4-9 4.9.0-1 4.9.0-2" },
  "has no more publishes in flight than the client's Receive Maximum",
  async ({ connect, topic }) => {
    for (const maximum of [1, 3]) {
      const client = await connect({ properties: [["receiveMaximum", maximum]] });
      await client.subscribe({ filter: topic(), qos: 2 });
      const publisher = await connect();
      for (let nth = 0; nth < 12; nth++) {
        await publisher.publish(topic(), `${nth}`, { qos: 1 + nth % 2 });
      }
      for (let nth = 0; nth < 12; nth++) {
        const message = await client.take("publish");
        expect(message.payload).toBe(`${nth}`);
        await client.ping();
        const waiting = client.inbox.filter(({ type }) => type === "publish");
        expect(waiting.length).toBeLessThan(maximum);
        if (message.qos === 1) {
          client.send(ack("puback", message.id));
          continue;
        }
        client.send(ack("pubrec", message.id));
        await client.take("pubrel", message.id);
        await client.ping();
        // PUBREC does not end it: PUBCOMP does.
        const more = client.inbox.filter(({ type }) => type === "publish");
        expect(more.length).toBeLessThan(maximum);
        client.send(ack("pubcomp", message.id));
      }
    }
  },
);

clause(
  { v5: "4.9.0-2" },
  "counts a publish the client refuses as no longer in flight",
  async ({ connect, topic }) => {
    const client = await connect({ properties: [["receiveMaximum", 1]] });
    await client.subscribe({ filter: topic(), qos: 2 });
    const publisher = await connect();
    for (const qos of [2, 1, 2, 1]) await publisher.publish(topic(), `${qos}`, { qos });
    for (const qos of [2, 1, 2, 1]) {
      const message = await client.take("publish");
      expect(message.payload).toBe(`${qos}`);
      client.send(ack(qos === 1 ? "puback" : "pubrec", message.id, 0x80));
    }
  },
);

clause(
  { v5: "3.3.4-10 4.9.0-3" },
  "answers every other packet while no publish may be sent",
  async ({ connect, topic, version }) => {
    const client = await connect({ properties: [["receiveMaximum", 1]] });
    await client.subscribe({ filter: topic(), qos: 1 });
    const publisher = await connect();
    for (let nth = 0; nth < 5; nth++) await publisher.publish(topic(), `${nth}`, { qos: 1 });
    const held = await client.take("publish");
    client.send(
      PINGREQ,
      subscribe({ version, id: 50, filters: [{ filter: topic("other") }] }),
      publish({ version, topic: topic("x"), qos: 1, id: 51 }),
      publish({ version, topic: topic("x"), qos: 2, id: 52 }),
    );
    await client.take("pingresp");
    await client.take("suback", 50);
    await client.take("puback", 51);
    await client.take("pubrec", 52);
    client.send(ack("pubrel", 52));
    await client.take("pubcomp", 52);
    client.send(ack("puback", held.id));
    for (let nth = 1; nth < 5; nth++) expect((await client.message()).payload).toBe(`${nth}`);
  },
);

clause(
  { v5: "3.3.4-7" },
  "closes with 0x93 on more publishes in flight than its Receive Maximum",
  async ({ connect, topic, version }) => {
    const client = await connect();
    const maximum = client.connack!.properties.number("receiveMaximum") ?? 65_535;
    // 65,535 identifiers cannot be too many.
    if (maximum === 65_535) return;
    const publishOf = (id: number) => publish({ version, topic: topic(), qos: 2, id });
    for (let id = 1; id <= maximum; id++) client.send(publishOf(id));
    // All of them are answered, and none is released.
    await client.take("pubrec", maximum, 30_000);
    client.send(publishOf(maximum + 1));
    const left = await client.ended();
    expect(left.filter(({ type, id }) => type === "pubrec" && id === maximum + 1)).toEqual([]);
    expect(left.filter(({ type, code }) => type === "disconnect" && code !== 0x93)).toEqual([]);
  },
);

clause(
  { v5: "3.3.4-7" },
  "takes as many publishes in flight as its Receive Maximum",
  async ({ connect, topic, version }) => {
    const client = await connect();
    const maximum = client.connack!.properties.number("receiveMaximum") ?? 65_535;
    const count = Math.min(maximum, 200);
    for (let id = 1; id <= count; id++) {
      client.send(publish({ version, topic: topic(), qos: 2, id }));
    }
    for (let id = 1; id <= count; id++) expect((await client.take("pubrec", id)).code).toBe(0);
    for (let id = 1; id <= count; id++) client.send(ack("pubrel", id));
    for (let id = 1; id <= count; id++) await client.take("pubcomp", id);
    await client.ping();
  },
);

clause(
  { v4: "4.8.0-1", v5: "4.13.1-1" },
  "closes only the connection that broke the rules",
  async ({ connect, topic, version }) => {
    const [bystander, offender] = [await connect(), await connect()];
    await bystander.subscribe(topic());
    offender.send(publish({ version, topic: topic(), qos: 3 }));
    await expectFault(offender);
    await bystander.publish(topic(), "x");
    expect((await bystander.message()).payload).toBe("x");
  },
);
