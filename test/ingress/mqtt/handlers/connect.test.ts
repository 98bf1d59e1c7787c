/** CONNECT: what is let in, what is refused and in which words, and what is remembered. */
import { describe, expect, it } from "vitest";
import mqttPacket from "mqtt-packet";
import type { IConnackPacket } from "mqtt-packet";
import { concat, fromHex, toHex, utf8 } from "../../../../src/base/bytes.ts";
import { MQTT_RECEIVE_MAXIMUM, MQTT_TOPIC_ALIAS_MAXIMUM } from "../../../../src/base/limits.ts";
import type { HeldConnection } from "../../../support/held_connection.ts";
import { MqttFixture, type MqttFixtureOptions, settle } from "../../../support/mqtt_fixture.ts";
import { connectPacket, publishPacket } from "../../../support/mqtt_packets.ts";

async function answerTo(packet: Uint8Array, options: MqttFixtureOptions = {}) {
  const fixture = await MqttFixture.start(options);
  const connection = await fixture.open();
  connection.push(packet);
  await settle();
  return { fixture, connection, hex: toHex(connection.written) };
}

function connackOf(connection: HeldConnection): IConnackPacket {
  const parser = mqttPacket.parser({ protocolVersion: 5 });
  let packet: unknown;
  parser.on("packet", (parsed) => packet = parsed);
  parser.parse(connection.written as Parameters<typeof parser.parse>[0]);
  return packet as IConnackPacket;
}

/** A CONNECT with this protocol name and level, clean, keep alive 0, client identifier "c". */
function connectOf(name: string, level: number): Uint8Array {
  const body = concat([
    Uint8Array.of(0, name.length),
    utf8(name),
    Uint8Array.of(level, 2, 0, 0),
    fromHex(level === 5 ? "00" : ""),
    fromHex("000163"),
  ]);
  return concat([Uint8Array.of(0x10, body.length), body]);
}

describe("handleConnect(): letting in", () => {
  it("answers MQTT 3.1.1 with four bytes", async () => {
    expect((await answerTo(connectPacket())).hex).toBe("20020000");
  });

  it("tells MQTT 5 its limits", async () => {
    const { connection } = await answerTo(connectPacket({ protocolVersion: 5 }));
    expect(connackOf(connection)).toMatchObject({
      cmd: "connack",
      reasonCode: 0,
      sessionPresent: false,
      properties: {
        receiveMaximum: MQTT_RECEIVE_MAXIMUM,
        topicAliasMaximum: MQTT_TOPIC_ALIAS_MAXIMUM,
        maximumPacketSize: 1_114_112,
      },
    });
  });

  it("closes without a CONNACK where that would be too large for it [MQTT-3.1.2-24]", async () => {
    for (const [maximumPacketSize, answered] of [[4, false], [15, false], [64, true]] as const) {
      const properties = { maximumPacketSize };
      const { connection } = await answerTo(connectPacket({ protocolVersion: 5, properties }));
      expect([connection.closed, connection.written.length > 0]).toEqual([!answered, answered]);
      if (answered) expect(connection.written.length).toBeLessThanOrEqual(maximumPacketSize);
    }
  });

  it("assigns MQTT 5 an identifier, and says which [MQTT-3.1.3-7]", async () => {
    const { connection } = await answerTo(connectPacket({ protocolVersion: 5, clientId: "" }));
    expect(connackOf(connection).properties?.assignedClientIdentifier)
      .toBe("logboom-0707070707070707");
  });

  it("lets MQTT 3.1.1 go without one in a clean session [MQTT-3.1.3-7]", async () => {
    expect((await answerTo(connectPacket({ clientId: "" }))).hex).toBe("20020000");
  });

  it("says truthfully whether there is a session to resume", async () => {
    const fixture = await MqttFixture.start();
    const visit = async (options: Parameters<typeof connectPacket>[0]) => {
      const connection = await fixture.open();
      connection.push(connectPacket({ clientId: "c", ...options }));
      await settle();
      const [, , flags] = connection.written;
      connection.push(null);
      await settle();
      return flags;
    };
    expect(await visit({ clean: false })).toBe(0);
    expect(await visit({ clean: false })).toBe(1);
    expect(await visit({ clean: true }), "a clean session is none").toBe(0);
    expect(await visit({ clean: false }), "and leaves none").toBe(0);
    const five = { protocolVersion: 5, clean: false } as const;
    expect(await visit(five), "expiry 0: it ends with this connection").toBe(1);
    expect(await visit({ ...five, properties: { sessionExpiryInterval: 60 } })).toBe(0);
    expect(await visit(five)).toBe(1);
  });
});

describe("handleConnect(): refusing", () => {
  it("answers each era's version in its own words [MQTT-3.1.2-2]", async () => {
    expect((await answerTo(connectOf("MQIsdp", 3))).hex).toBe("20020001");
    expect((await answerTo(connectOf("MQTT", 3))).hex).toBe("20020001");
    expect((await answerTo(connectOf("MQTT", 6))).hex).toBe("2003008400");
  });

  it("closes on another protocol, or another packet", async () => {
    const packets = [connectOf("HTTP", 4), publishPacket({}), utf8("GET / HTTP/1.1\r\n\r\n")];
    for (const packet of packets) {
      const { connection, hex } = await answerTo(packet);
      expect(hex).toBe("");
      expect(connection.closed).toBe(true);
    }
  });

  it("closes on what is malformed; MQTT 5 is told", async () => {
    const four = connectPacket();
    four[9]! |= 1; // the reserved flag
    expect(await answerTo(four)).toMatchObject({ hex: "", connection: { closed: true } });
    const five = connectPacket({ protocolVersion: 5 });
    five[9]! |= 1;
    expect(await answerTo(five)).toMatchObject({ hex: "2003008100", connection: { closed: true } });
  });

  it("refuses an empty identifier with a session to keep [MQTT-3.1.3-8]", async () => {
    const packet = connectPacket();
    const empty = concat([packet.subarray(0, 12), Uint8Array.of(0, 0)]);
    empty[1] = 12;
    empty[9] = 0;
    expect((await answerTo(empty)).hex).toBe("20020002");
  });

  it("refuses an identifier that is too long", async () => {
    const { hex } = await answerTo(connectPacket({ clientId: "c".repeat(1025) }));
    expect(hex).toBe("20020002");
  });

  it("refuses extended authentication", async () => {
    const properties = { authenticationMethod: "SCRAM-SHA-1" };
    const { hex } = await answerTo(connectPacket({ protocolVersion: 5, properties }));
    expect(hex).toBe("2003008c00");
  });

  it("says protocol error of authentication data without a method", async () => {
    const packet = fromHex("101300044d51545405020000041600016100026331");
    expect((await answerTo(packet)).hex).toBe("2003008200");
  });

  it("asks for credentials, and says which of two is wrong", async () => {
    const authenticate: NonNullable<MqttFixtureOptions["authenticate"]> = (
      { username, password },
    ) => {
      if (username === null || new TextDecoder().decode(password ?? utf8("")) !== "right") {
        return null;
      }
      return { mayPublish: username === "writer", maySubscribe: false };
    };
    const as = async (username: string | undefined, password: string) => {
      const credentials = username === undefined ? {} : { username, password: password as never };
      return (await answerTo(connectPacket(credentials), { authenticate })).hex;
    };
    expect(await as("writer", "right")).toBe("20020000");
    expect(await as("writer", "wrong")).toBe("20020004");
    expect(await as("reader", "right")).toBe("20020005");
    expect(await as(undefined, "")).toBe("20020004");
  });

  it("refuses a session to keep when there is no room to keep it", async () => {
    const fixture = await MqttFixture.start();
    fixture.disk.writeFault = () => "full";
    const four = await fixture.open();
    four.push(connectPacket({ clean: false }));
    await four.untilClosed();
    expect(toHex(four.written)).toBe("20020003");
    const five = await fixture.open();
    const properties = { sessionExpiryInterval: 9 };
    five.push(connectPacket({ protocolVersion: 5, properties }));
    await five.untilClosed();
    expect(toHex(five.written)).toBe("2003009700");
    expect(
      (await fixture.connect({ clientId: "c2" })).closed,
      "a session that ends with it needs none",
    ).toBe(false);
  });

  it("refuses a will that may not be published", async () => {
    const will = { topic: "$SYS/x", payload: "x", qos: 0, retain: false } as const;
    const five = await answerTo(connectPacket({ protocolVersion: 5, will }));
    expect(five.hex).toBe("2003009000");
    expect((await answerTo(connectPacket({ will }))).connection.closed).toBe(true);
  });

  it("refuses a CONNECT that is too large as soon as its head says so", async () => {
    const { connection } = await answerTo(Uint8Array.of(0x10, 0xff, 0xff, 0x7f));
    expect(connection.closed).toBe(true);
  });

  it("refuses a second CONNECT [MQTT-3.1.0-2]", async () => {
    const five = connectPacket({ protocolVersion: 5 });
    const { connection } = await answerTo(concat([five, five]));
    expect(toHex(connection.written).slice(-8)).toBe("e0028200");
  });
});
