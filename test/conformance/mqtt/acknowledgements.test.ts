/** Chapters 3.4 to 3.7: PUBACK, PUBREC, PUBREL and PUBCOMP. */
import { expect } from "vitest";
import {
  ack,
  bytes,
  packet,
  type Properties,
  publish,
  Type,
  u16,
} from "../../support/mqtt_bytes.ts";
import { clause, eachOf, expectFault, type World } from "../../support/mqtt_clauses.ts";

const PUBLISH_CODES = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];
const RELEASE_CODES = [0x00, 0x92];
/** No acknowledgement with a reason is shorter than 5 bytes, so the reason has to go first. */
const SMALL: Properties = [["maximumPacketSize", 64]];

/** Answers to publishes that a server may take or not. */
async function answersTo({ connect, topic }: World, qos: number, properties: Properties = []) {
  const client = await connect({ properties });
  const answers = [];
  for (const name of [topic(), topic("nobody/listens"), "$SYS/x", `$share/g/${topic()}`]) {
    answers.push((await client.publish(name, "x", { qos, properties: user(20) }))!);
  }
  return answers;
}

function user(count: number): Properties {
  return Array.from({ length: count }, (_, nth) => ["userProperty", [`name ${nth}`, "value"]]);
}

clause(
  { v5: "3.4.2-1" },
  "answers with PUBACK codes that exist",
  async (world) => {
    for (const { code } of await answersTo(world, 1)) expect(PUBLISH_CODES).toContain(code);
  },
);

clause(
  { v5: "3.4.2-2 3.4.2-3" },
  "sends no PUBACK over the client's Maximum Packet Size",
  async (world) => {
    for (const { size } of await answersTo(world, 1, SMALL)) expect(size).toBeLessThanOrEqual(64);
    for (const { size } of await answersTo(world, 1, [["maximumPacketSize", 45]])) {
      expect(size).toBeLessThanOrEqual(45);
    }
  },
);

clause(
  { v5: "3.5.2-1" },
  "answers with PUBREC codes that exist",
  async (world) => {
    for (const { code } of await answersTo(world, 2)) expect(PUBLISH_CODES).toContain(code);
  },
);

clause(
  { v5: "3.5.2-2 3.5.2-3" },
  "sends no PUBREC over the client's Maximum Packet Size",
  async (world) => {
    for (const { size } of await answersTo(world, 2, SMALL)) expect(size).toBeLessThanOrEqual(64);
  },
);

clause(
  { v4: "3.6.1-1", v5: "3.6.1-1" },
  "closes on a PUBREL whose flags are not 0010",
  async ({ connect, topic, version }) => {
    const cases = [0, 1, 3, 4, 8, 15].map((flags) => [`${flags}`, flags] as const);
    await eachOf(cases, async (flags) => {
      const client = await connect();
      client.send(publish({ version, topic: topic(), qos: 2, id: 5 }));
      await client.take("pubrec", 5);
      client.send(packet(0x60 | flags, u16(5)));
      await expectFault(client, 0x81);
    });
  },
);

clause(
  { v5: "3.6.2-1" },
  "releases with codes that exist, 0x92 for what it does not know",
  async ({ connect, topic }) => {
    const client = await connect();
    await client.subscribe({ filter: topic(), qos: 2 });
    await client.publish(topic(), "x", { qos: 1 });
    await client.publish(topic(), "y", { qos: 2 });
    await client.message();
    const { id } = await client.take("publish");
    client.send(ack("pubrec", id));
    expect((await client.take("pubrel", id)).code).toBe(0);
    client.send(ack("pubcomp", id));
    client.send(ack("pubrec", 31_000));
    // It may also take this for a breach of the protocol.
    const answer = await client.next().catch(() => null);
    if (answer === null || answer.type === "disconnect") return await expectFault(client);
    expect(answer).toMatchObject({ type: "pubrel", id: 31_000 });
    expect(RELEASE_CODES).toContain(answer.code);
  },
);

clause(
  { v5: "3.6.2-2 3.6.2-3" },
  "sends no PUBREL over the client's Maximum Packet Size",
  async ({ connect, topic }) => {
    const client = await connect({ properties: SMALL });
    await client.subscribe({ filter: topic(), qos: 2 });
    await client.publish(topic(), "x", { qos: 2 });
    const { id } = await client.take("publish");
    client.send(ack("pubrec", id, 0, user(20)));
    expect((await client.take("pubrel", id)).size).toBeLessThanOrEqual(64);
    client.send(ack("pubrec", 32_000, 0, user(20)));
    const answer = await client.next().catch(() => null);
    if (answer !== null) expect(answer.size).toBeLessThanOrEqual(64);
  },
);

clause(
  { v5: "3.7.2-1" },
  "completes with codes that exist, 0x92 for what it does not know",
  async ({ connect, topic }) => {
    const client = await connect();
    client.send(publish({ version: 5, topic: topic(), qos: 2, id: 5 }));
    await client.take("pubrec", 5);
    client.send(ack("pubrel", 5));
    expect(await client.take("pubcomp", 5)).toMatchObject({ code: 0 });
    client.send(ack("pubrel", 6));
    expect(RELEASE_CODES).toContain((await client.take("pubcomp", 6)).code);
  },
);

clause(
  { v5: "3.7.2-2 3.7.2-3" },
  "sends no PUBCOMP over the client's Maximum Packet Size",
  async ({ connect }) => {
    const client = await connect({ properties: SMALL });
    client.send(ack("pubrel", 7, 0, user(20)));
    expect((await client.take("pubcomp", 7)).size).toBeLessThanOrEqual(64);
  },
);

clause(
  { v4: "4.8.0-1", v5: "4.13.1-1" },
  "closes on an acknowledgement that is not well formed",
  async ({ connect, version }) => {
    const types = [Type.puback, Type.pubrec, Type.pubrel, Type.pubcomp];
    const cases = types.flatMap((type): [string, Uint8Array][] => [
      [`${type} empty`, packet(type)],
      [`${type} of one byte`, packet(type, 1)],
      version === 5
        ? [`${type} with properties cut off`, packet(type, u16(1), 0, 9)]
        : [`${type} with a byte too many`, packet(type, u16(1), bytes(0))],
    ]);
    await eachOf(cases, async (bad) => {
      const client = await connect();
      client.send(bad);
      await expectFault(client, 0x81, 0x82);
    });
  },
);
