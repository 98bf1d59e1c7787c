/** The slow path: what the core leaves to it becomes the same records, with more to say. */
import { describe, expect, it } from "vitest";
import { concat, fromHex, toHex } from "../../../../src/base/bytes.ts";
import { OperatingError } from "../../../../src/base/errors.ts";
import { MqttFixture, settle } from "../../../support/mqtt_fixture.ts";
import { publishPacket } from "../../../support/mqtt_packets.ts";

const text = (bytes: Uint8Array | null) => bytes === null ? null : new TextDecoder().decode(bytes);

async function fixtureOf(version: 4 | 5, options = {}) {
  const fixture = await MqttFixture.start(options);
  const connection = await fixture.connect({ protocolVersion: version });
  const headers = async (topic = "logs") =>
    (await fixture.records(topic)).map((record) =>
      Object.fromEntries(record.headers.map(([name, value]) => [name, text(value)]))
    );
  return { fixture, connection, headers };
}

describe("handlePublish(): what it stores", () => {
  it("stores a retained message as a record that says so", async () => {
    const { connection, headers } = await fixtureOf(4);
    connection.push(
      publishPacket({ topic: "a", payload: "x", retain: true, qos: 1, messageId: 1 }),
    );
    await connection.untilWritten(4);
    expect(await headers()).toEqual([
      { "mqtt.client_id": "c1", "mqtt.qos": "1", "mqtt.retain": "1" },
    ]);
  });

  it("keeps the properties of MQTT 5", async () => {
    const { connection, headers } = await fixtureOf(5);
    const properties = {
      payloadFormatIndicator: true,
      messageExpiryInterval: 60,
      contentType: "text/plain",
      responseTopic: "r",
      userProperties: { site: "north" },
    };
    connection.push(publishPacket({ topic: "a", qos: 1, messageId: 1, properties }, 5));
    await connection.untilWritten(4);
    expect(await headers()).toEqual([{
      "mqtt.client_id": "c1",
      "mqtt.qos": "1",
      "mqtt.payload_format": "1",
      "mqtt.expiry_s": "60",
      "content-type": "text/plain",
      "mqtt.response_topic": "r",
      "mqtt.user.site": "north",
    }]);
  });

  it("keeps topic names as they came, byte for byte", async () => {
    const { connection, fixture } = await fixtureOf(4);
    const name = "ünï/😀/\ufeff";
    for (let id = 1; id <= 2; id++) {
      connection.push(publishPacket({ topic: name, qos: 1, messageId: id }));
    }
    await connection.untilWritten(8);
    expect((await fixture.records("logs")).map(({ key }) => text(key))).toEqual([name, name]
      .map((name) => new TextDecoder().decode(new TextEncoder().encode(name))));
  });

  it("takes the second publish of a topic name the fast way, with the same outcome", async () => {
    const { connection, fixture } = await fixtureOf(4);
    for (let id = 1; id <= 3; id++) {
      connection.push(publishPacket({ topic: "a", payload: `${id}`, qos: 1, messageId: id }));
      await connection.untilWritten(4 * id);
    }
    const records = await fixture.records("logs");
    expect(records.map(({ value }) => text(value))).toEqual(["1", "2", "3"]);
    expect(new Set(records.map(({ headers }) => JSON.stringify(headers))).size).toBe(1);
  });

  it("resolves topic aliases", async () => {
    const { connection, fixture } = await fixtureOf(5);
    connection.push(concat([
      publishPacket({ topic: "a/b", payload: "1", properties: { topicAlias: 1 } }, 5),
      fromHex("3007000003230001") && Uint8Array.of(0x30, 7, 0, 0, 3, 0x23, 0, 1, 0x32),
    ]));
    await settle();
    const records = await fixture.records("logs");
    expect(records.map(({ key, value }) => [text(key), text(value)]))
      .toEqual([["a/b", "1"], ["a/b", "2"]]);
  });

  it("routes by filter, with the key the route asks for", async () => {
    const { connection, fixture, headers } = await fixtureOf(4, {
      routes: [
        { filter: "devices/+/logs", topic: "device-logs", key: "{2}" },
        { filter: "by-client/#", topic: "by-client", key: "{client_id}" },
      ],
    });
    for (let id = 1; id <= 3; id++) {
      connection.push(concat([
        publishPacket({ topic: "devices/7/logs", qos: 1, messageId: 2 * id }),
        publishPacket({ topic: "by-client/x", qos: 1, messageId: 2 * id + 1 }),
      ]));
    }
    await connection.untilWritten(24);
    expect((await fixture.records("device-logs")).map(({ key }) => text(key)))
      .toEqual(["7", "7", "7"]);
    expect((await fixture.records("by-client")).map(({ key }) => text(key)))
      .toEqual(["c1", "c1", "c1"]);
    const said = await headers("device-logs");
    expect(said.map((header) => header["mqtt.topic"])).toEqual(Array(3).fill("devices/7/logs"));
  });
});

describe("handlePublish(): what it refuses", () => {
  it("refuses topic names that may not be published to", async () => {
    for (const topic of ["$SYS/x", "a/#", "+", "a".repeat(5000)]) {
      const five = await fixtureOf(5);
      five.connection.push(publishPacket({ topic, qos: 1, messageId: 3 }, 5));
      await five.connection.untilWritten(5);
      expect(toHex(five.connection.written), topic).toBe("4003000390");
      expect(five.connection.closed).toBe(false);

      five.connection.push(publishPacket({ topic }, 5));
      await five.connection.untilClosed();
      expect(toHex(five.connection.written).slice(-8), topic).toBe("e0029000");

      const four = await fixtureOf(4);
      four.connection.push(publishPacket({ topic, qos: 1, messageId: 3 }));
      await four.connection.untilClosed();
      expect(toHex(four.connection.written), topic).toBe("");
    }
  });

  it("refuses an alias that stands for nothing", async () => {
    const { connection } = await fixtureOf(5);
    connection.push(Uint8Array.of(0x30, 6, 0, 0, 3, 0x23, 0, 9));
    await connection.untilClosed();
    expect(toHex(connection.written)).toBe("e0029400");
  });

  it("refuses what is over its topic's limit, and keeps the order of answers", async () => {
    const { connection, fixture } = await fixtureOf(5, { settings: { maxMessageBytes: 1_000 } });
    connection.push(concat([
      publishPacket({ topic: "a", payload: "1", qos: 1, messageId: 1 }, 5),
      publishPacket({ topic: "a", payload: "x".repeat(1_001), qos: 1, messageId: 2 }, 5),
      publishPacket({ topic: "a", payload: "3", qos: 1, messageId: 3 }, 5),
    ]));
    await connection.untilWritten(13);
    expect(toHex(connection.written)).toBe("40020001400300029740020003");
    expect(await fixture.values("logs")).toEqual(["1", "3"]);
  });

  it("refuses a record no batch can hold, though the packet is allowed", async () => {
    const { connection } = await fixtureOf(5);
    const payload = "x".repeat(1_060_000);
    connection.push(publishPacket({ topic: "a", payload, qos: 1, messageId: 2 }, 5));
    await connection.untilWritten(5);
    expect(toHex(connection.written)).toBe("4003000297");
  });

  it("refuses more user properties than a record may have headers", async () => {
    const { connection } = await fixtureOf(5);
    const values = Array.from({ length: 1_000 }, () => "v");
    const properties = { userProperties: { k: values } };
    connection.push(publishPacket({ topic: "a", qos: 1, messageId: 2, properties }, 5));
    await connection.untilWritten(5);
    expect(toHex(connection.written)).toBe("4003000297");
  });

  it("says when there can be no more topics", async () => {
    const five = await fixtureOf(5);
    five.fixture.createError = new OperatingError("too_many_topics", "1,000 topics");
    five.connection.push(publishPacket({ topic: "a", qos: 1, messageId: 2 }, 5));
    await five.connection.untilWritten(5);
    expect(toHex(five.connection.written)).toBe("4003000297");

    const four = await fixtureOf(4);
    four.fixture.createError = new OperatingError("too_many_topics", "1,000 topics");
    four.connection.push(publishPacket({ topic: "a", qos: 1, messageId: 2 }));
    await four.connection.untilClosed();
  });

  it("drops QoS 0 that finds no room, and goes on", async () => {
    const { connection, fixture } = await fixtureOf(4);
    fixture.createError = new OperatingError("storage_full", "full");
    connection.push(publishPacket({ topic: "a", payload: "lost" }));
    await settle();
    fixture.createError = null;
    connection.push(publishPacket({ topic: "a", payload: "kept", qos: 1, messageId: 1 }));
    await connection.untilWritten(4);
    expect(await fixture.values("logs")).toEqual(["kept"]);
  });
});
