/** A log topic that is deleted under MQTT clients: publishes make it anew, subscribers go on. */
import { describe, expect, it } from "vitest";
import type { Packet } from "mqtt-packet";
import { MqttFixture, settle } from "../../support/mqtt_fixture.ts";
import { HeldClient } from "../../support/mqtt_held_client.ts";

const FIVE = { protocolVersion: 5 } as const;
const LASTING = { clean: false, clientId: "lasting" } as const;

const payloads = (packets: readonly Packet[]) =>
  packets.flatMap((packet) => packet.cmd === "publish" ? [String(packet.payload)] : []);

async function published(writer: HeldClient, payload: string): Promise<void> {
  const before = (await writer.until("puback", 0)).length;
  writer.publish({ topic: "a/b", qos: 1, payload });
  await writer.until("puback", before + 1);
}

describe("a topic that is deleted", () => {
  it("comes again with the next publish, by the quick way too", async () => {
    const fixture = await MqttFixture.start({ partitions: 2 });
    const writer = await HeldClient.connect(fixture, FIVE);
    for (const payload of ["1", "2", "3"]) await published(writer, payload);
    const { id } = fixture.store.topic("logs")!;
    await fixture.store.changes.delete("logs");
    expect(fixture.store.topics()).toEqual([]);
    for (const payload of ["4", "5"]) await published(writer, payload);
    expect(await fixture.values("logs")).toEqual(["4", "5"]);
    expect(fixture.store.topic("logs")!.id).not.toBe(id);
  });

  it("goes on for who subscribes, and for who was away, with what comes then", async () => {
    const fixture = await MqttFixture.start();
    const [there, away] = [
      await HeldClient.connect(fixture, { clientId: "there" }),
      await HeldClient.connect(fixture, LASTING),
    ];
    for (const client of [there, away]) await client.subscribe(["a/#"]);
    const writer = await HeldClient.connect(fixture, FIVE);
    await away.drop();
    await published(writer, "1");
    await there.untilPublishes(1);
    await fixture.store.changes.delete("logs");
    await published(writer, "2");
    expect(payloads(await there.untilPublishes(2))).toEqual(["1", "2"]);
    const back = await HeldClient.connect(fixture, LASTING);
    expect(back.sessionPresent).toBe(true);
    expect(payloads(await back.untilPublishes(1))).toEqual(["2"]);
  });

  it("goes on for who comes back while it is gone, also after a restart", async () => {
    for (const restarts of [false, true]) {
      let fixture = await MqttFixture.start();
      const away = await HeldClient.connect(fixture, LASTING);
      await away.subscribe(["a/#"]);
      let writer = await HeldClient.connect(fixture, FIVE);
      for (const payload of ["1", "2"]) await published(writer, payload);
      expect(payloads(await away.untilPublishes(2))).toEqual(["1", "2"]);
      away.acknowledge();
      await away.drop();
      await published(writer, "3");
      await fixture.store.changes.delete("logs");
      if (restarts) {
        await fixture.ingress.stop();
        await fixture.store.close();
        fixture = await MqttFixture.start(fixture);
        writer = await HeldClient.connect(fixture, FIVE);
      }
      const back = await HeldClient.connect(fixture, LASTING);
      expect(back.sessionPresent).toBe(true);
      await published(writer, "4");
      expect(payloads(await back.untilPublishes(1))).toEqual(["4"]);
    }
  });

  it("takes what was acknowledged, and acknowledges nothing that it does not take", async () => {
    for (const version of [4, 5] as const) {
      const fixture = await MqttFixture.start();
      const writer = await HeldClient.connect(fixture, { protocolVersion: version });
      await published(writer, "1");
      const release = fixture.disk.holdSyncs();
      writer.publish({ topic: "a/b", qos: 1, payload: "2" });
      await settle();
      // Its commit is under way: the deletion waits for it.
      const deleted = fixture.store.changes.delete("logs");
      await settle();
      writer.publish({ topic: "a/b", qos: 1, payload: "3" });
      await settle();
      release();
      expect(await deleted).toMatchObject({ records: 2 });
      await settle();
      const codes = writer.packets.flatMap((packet) =>
        packet.cmd === "puback" ? [packet.reasonCode ?? 0] : []
      );
      // The third is refused in words where there are any; else its client has to send it again.
      expect(codes).toEqual(version === 5 ? [0, 0, 0x80] : [0, 0]);
      expect(writer.connection.closed).toBe(version === 4);
    }
  });

  it("takes publishes by keys over partitions that were added", async () => {
    const fixture = await MqttFixture.start();
    const writer = await HeldClient.connect(fixture, FIVE);
    const names = Array.from({ length: 20 }, (_, at) => `k/${at}`);
    const publishAll = async () => {
      const before = (await writer.until("puback", 0)).length;
      for (const topic of names) writer.publish({ topic, qos: 1, payload: topic });
      await writer.until("puback", before + names.length);
    };
    await publishAll();
    await fixture.store.changes.change("logs", { partitions: 4 });
    await publishAll();
    const records = await fixture.records("logs");
    expect(records.length).toBe(40);
    const { partitions } = fixture.store.topic("logs")!;
    expect(partitions.filter(({ highWatermark }) => highWatermark > 0).length).toBe(4);
  });
});
