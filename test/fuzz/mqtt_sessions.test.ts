/**
 * Hostile sessions: streams of good packets, mutated and cut anywhere. Whatever a client sends, it
 * costs itself only: the node answers or closes, gives every byte back, has at least one record
 * for each acknowledgement, and serves the next client as if nothing had happened.
 */
import { expect, it } from "vitest";
import { concat } from "../../src/base/bytes.ts";
import { MqttFixture, settle } from "../support/mqtt_fixture.ts";
import { connectPacket, packetOf, publishPacket } from "../support/mqtt_packets.ts";
import { mutate, seededRandom } from "../support/mutations.ts";

const SESSIONS = 1_000;
const SESSIONS_AT_ONCE = 50;
const TIMEOUT_MS = 120_000;

const PROPERTIES = {
  payloadFormatIndicator: true,
  topicAlias: 2,
  userProperties: { a: ["1", "2"] },
  responseTopic: "r",
};

function packetsOf(version: 4 | 5): Uint8Array[] {
  return [
    publishPacket({ topic: "a", payload: "0" }, version),
    publishPacket({ topic: "a/b", payload: "1", qos: 1, messageId: 1 }, version),
    publishPacket({ topic: "a/b", payload: "1", qos: 1, messageId: 2, dup: true }, version),
    publishPacket({ topic: "a", payload: "2", qos: 2, messageId: 3 }, version),
    publishPacket({ topic: "r", payload: "kept", retain: true, qos: 1, messageId: 4 }, version),
    packetOf({ cmd: "pubrel", messageId: 3 }, version),
    packetOf({ cmd: "subscribe", messageId: 5, subscriptions: [{ topic: "#", qos: 1 }] }, version),
    packetOf({ cmd: "unsubscribe", messageId: 6, unsubscriptions: ["#"] }, version),
    packetOf({ cmd: "pingreq" }, version),
    packetOf({ cmd: "disconnect", reasonCode: 0 }, version),
    ...(version === 5
      ? [publishPacket({ topic: "p", qos: 1, messageId: 7, properties: PROPERTIES }, 5)]
      : []),
  ];
}

it("sessions survive whatever clients send", { timeout: TIMEOUT_MS }, async () => {
  const random = seededRandom();
  const fixture = await MqttFixture.start({ seed: random.seed });
  const will = { topic: "w", payload: "gone", qos: 1, retain: false } as const;
  let acknowledged = 0;
  for (let done = 0; done < SESSIONS; done += SESSIONS_AT_ONCE) {
    const connections = [];
    for (let nth = 0; nth < SESSIONS_AT_ONCE; nth++) {
      const version = random.below(2) === 0 ? 4 : 5;
      const packets = packetsOf(version);
      const connect = connectPacket({
        protocolVersion: version,
        clientId: `c${random.below(20)}`,
        clean: random.below(2) === 0,
        ...(random.below(2) === 0 ? { will } : {}),
      });
      const chosen = Array.from(
        { length: random.below(12) },
        () => packets[random.below(packets.length)]!,
      );
      const stream = concat([
        random.below(4) === 0 ? mutate(connect, random) : connect,
        ...chosen.map((packet) => random.below(3) === 0 ? mutate(packet, random) : packet),
      ]);
      const connection = await fixture.open();
      connections.push(connection);
      for (let at = 0; at < stream.length;) {
        const size = 1 + random.below(stream.length);
        connection.push(stream.slice(at, at + size));
        at += size;
      }
      if (random.below(2) === 0) connection.push(null);
    }
    await settle();
    for (const connection of connections) connection.push(null);
    await settle();
    for (const { written } of connections) acknowledged += acknowledgementsIn(written);
  }
  await fixture.pass(10);
  const message = `seed ${random.seed}`;
  expect(fixture.ingress.connections, message).toBe(0);
  expect(fixture.admission.bytes, message).toBe(0);
  expect(acknowledged, message).toBeGreaterThan(SESSIONS / 10);
  expect((await fixture.records("logs")).length, message).toBeGreaterThanOrEqual(acknowledged);

  const next = await fixture.connect({ clientId: "well-behaved" });
  next.push(publishPacket({ topic: "a", payload: "fine", qos: 1, messageId: 9 }));
  await next.untilWritten(4);
  expect((await fixture.values("logs")).at(-1), message).toBe("fine");
});

/** PUBACKs without a reason code: each stands for a record of its own. */
function acknowledgementsIn(written: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < written.length; at += 2 + written[at + 1]!) {
    if (written[at] === 0x40 && written[at + 1] === 2) count++;
  }
  return count;
}
