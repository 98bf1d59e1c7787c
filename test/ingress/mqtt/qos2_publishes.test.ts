/**
 * QoS 2 across a kill -9 at every step of the exchange: the client connects again, sends what it
 * must send again, and in the end there is one record for each message, and none is missing.
 */
import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/base/bytes.ts";
import { Qos2Publishes } from "../../../src/ingress/mqtt/qos2_publishes.ts";
import { SimulatedDisk } from "../../support/simulated_disk.ts";
import { diceOf } from "../../support/dice.ts";
import type { HeldConnection } from "../../support/held_connection.ts";
import { MqttFixture, settle } from "../../support/mqtt_fixture.ts";
import { connectPacket, packetOf, publishPacket } from "../../support/mqtt_packets.ts";

const CLIENT = { clientId: "c", clean: false } as const;

/** What a client of one message at a time remembers, which no crash of the server changes. */
interface ClientState {
  message: number;
  /** The next packet to send: PUBLISH until there is a PUBREC, then PUBREL until PUBCOMP. */
  step: "publish" | "pubrel";
  sent: boolean;
}

const MESSAGES = 3;

/** Goes on from where the client is, until it is done or the connection is closed under it. */
async function goOn(connection: HeldConnection, client: ClientState): Promise<void> {
  while (client.message < MESSAGES && !connection.closed) {
    connection.writes.length = 0;
    const messageId = 7;
    connection.push(
      client.step === "publish"
        ? publishPacket({
          topic: "a",
          payload: `m${client.message}`,
          qos: 2,
          messageId,
          dup: client.sent,
        })
        : packetOf({ cmd: "pubrel", messageId }),
    );
    client.sent = true;
    await connection.untilWritten(4);
    if (connection.closed) return;
    const expected = client.step === "publish" ? "50020007" : "70020007";
    expect(toHex(connection.written)).toBe(expected);
    client.sent = false;
    if (client.step === "pubrel") client.message++;
    client.step = client.step === "publish" ? "pubrel" : "publish";
  }
}

async function resume(fixture: MqttFixture): Promise<HeldConnection> {
  const connection = await fixture.open();
  connection.push(connectPacket(CLIENT));
  await connection.untilWritten(4);
  return connection;
}

describe("Qos2Publishes", () => {
  it("stores each message once, whichever operation of the disk the crash cuts off", async () => {
    // How many disk operations the whole exchange takes, and which client states they meet.
    const whole = await MqttFixture.start();
    await whole.store.createTopic("logs");
    const before = whole.disk.steps;
    const client: ClientState = { message: 0, step: "publish", sent: false };
    await goOn(await resume(whole), client);
    const steps = whole.disk.steps - before;
    expect(steps).toBeGreaterThan(2 * MESSAGES);
    expect(await whole.values("logs")).toEqual(["m0", "m1", "m2"]);

    for (let crashAt = 1; crashAt <= steps; crashAt++) {
      for (let seed = 1; seed <= 2; seed++) {
        await crashOnce(crashAt, seed);
      }
    }
  });

  it("releases a packet identifier whose PUBREL came before its PUBREC", async () => {
    const fixture = await MqttFixture.start();
    const client = await fixture.connect(CLIENT);
    const publish = { topic: "a", qos: 2, messageId: 7 } as const;
    client.push(publishPacket({ ...publish, payload: "m0" }));
    client.push(packetOf({ cmd: "pubrel", messageId: 7 }));
    await client.untilWritten(8);
    expect(toHex(client.written)).toBe("5002000770020007");
    client.push(publishPacket({ ...publish, payload: "m1" }));
    await client.untilWritten(12);
    expect(await fixture.values("logs")).toEqual(["m0", "m1"]);
  });

  it("lets an answer that repeats wait for the first", () => {
    const publishes = new Qos2Publishes({
      openSession: () => Promise.resolve(false),
      endSession: () => Promise.resolve(),
      lastingClients: () => [],
      checkRoom() {},
      isHeld: () => false,
      heldBy: () => 3,
      entry: () => ({ kind: "qos2" }),
      release: () => Promise.resolve(),
    });
    expect(publishes.isRepeat("c", 1)).toBe(false);
    expect(publishes.release("c", 1)).toBeNull();
    expect(publishes.heldBy("c")).toBe(3);
  });
});

async function crashOnce(crashAt: number, seed: number): Promise<void> {
  const first = await MqttFixture.start({ seed });
  await first.store.createTopic("logs");
  await first.store.checkpoint();
  const client: ClientState = { message: 0, step: "publish", sent: false };
  const connection = await resume(first);
  const start = first.disk.steps;
  let snapshot = first.disk.snapshot();
  first.disk.onStep = (step) => {
    if (step - start !== crashAt || connection.closed) return;
    snapshot = first.disk.snapshot();
    connection.close(); // nothing the server still says reaches the client
  };
  await goOn(connection, client);
  first.disk.onStep = null;
  if (!connection.closed) snapshot = first.disk.snapshot();

  const dice = diceOf(seed * 1_000 + crashAt);
  const second = await MqttFixture.start({
    disk: SimulatedDisk.crashed(snapshot, dice),
    catalogue: first.catalogue,
    book: first.book,
    seed: seed + 100,
  });
  await goOn(await resume(second), client);
  await settle();
  expect(await second.values("logs"), `crash at ${crashAt}, seed ${seed}`)
    .toEqual(["m0", "m1", "m2"]);
}
