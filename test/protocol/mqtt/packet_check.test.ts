/**
 * Method: a table of whole packets a client may send, each of which must pass; then each with one
 * thing wrong, with the reason code of the clause. Then every cut and every flipped bit of every
 * good packet: the check answers or throws malformed_packet, and nothing else.
 */
import { describe, expect, it } from "vitest";
import { fromHex, utf8 } from "../../../src/base/bytes.ts";
import { isOperatingError, OperatingError } from "../../../src/base/errors.ts";
import { checkPacket } from "../../../src/protocol/mqtt/packet_check.ts";
import type { ProtocolVersion } from "../../../src/protocol/mqtt/packet_type.ts";
import { connectPacket, packetOf, publishPacket } from "../../support/mqtt_packets.ts";

const WILL = {
  topic: "w",
  payload: "bye",
  qos: 1,
  retain: false,
  properties: { willDelayInterval: 3, userProperties: { a: "b" } },
} as const;

const GOOD: readonly [name: string, packet: Uint8Array, version: ProtocolVersion][] = [
  ["connect", connectPacket(), 4],
  ["connect with all", connectPacket({ username: "u", password: "p" as never, will: WILL }), 4],
  [
    "connect 5 with all",
    connectPacket({
      protocolVersion: 5,
      username: "u",
      password: "p" as never,
      will: WILL as never,
      properties: {
        sessionExpiryInterval: 9,
        receiveMaximum: 2,
        userProperties: { x: ["1", "2"] },
      },
    }),
    5,
  ],
  ["publish", publishPacket({ topic: "a/b", payload: "x", qos: 1, messageId: 7 }), 4],
  ["publish DUP", publishPacket({ topic: "a", qos: 2, dup: true, messageId: 7 }), 4],
  [
    "publish 5",
    publishPacket({
      topic: "a",
      payload: "x",
      qos: 2,
      messageId: 9,
      properties: {
        payloadFormatIndicator: true,
        messageExpiryInterval: 60,
        topicAlias: 3,
        responseTopic: "r",
        contentType: "text/plain",
        userProperties: { a: ["1", "2"] },
      },
    }, 5),
    5,
  ],
  ["pubrel", packetOf({ cmd: "pubrel", messageId: 3 }), 4],
  ["pubrel 5", packetOf({ cmd: "pubrel", messageId: 3, reasonCode: 0x92 }, 5), 5],
  [
    "subscribe",
    packetOf({ cmd: "subscribe", messageId: 3, subscriptions: [{ topic: "a/#", qos: 2 }] }),
    4,
  ],
  [
    "subscribe 5",
    packetOf({
      cmd: "subscribe",
      messageId: 3,
      subscriptions: [{ topic: "a/#", qos: 2, nl: true, rap: true, rh: 2 }],
      properties: { subscriptionIdentifier: 7 },
    }, 5),
    5,
  ],
  ["unsubscribe", packetOf({ cmd: "unsubscribe", messageId: 3, unsubscriptions: ["a", "b"] }), 4],
  ["pingreq", packetOf({ cmd: "pingreq" }), 4],
  ["disconnect", packetOf({ cmd: "disconnect" }), 4],
  ["disconnect 5", packetOf({ cmd: "disconnect", reasonCode: 4 }, 5), 5],
  ["disconnect 5, short", fromHex("e000"), 5],
  ["pingreq, its length longer than it must be", fromHex("c08000"), 4],
  // Its length is the byte of a "+".
  ["response topic of 43 bytes", fromHex(publish5(`08002b${"72".repeat(43)}`)), 5],
];

const BAD: readonly [name: string, hex: string, version: ProtocolVersion, reason: number][] = [
  ["reserved type 0", "0000", 4, 0x81],
  ["CONNACK from a client", "20020000", 4, 0x81],
  ["flags of PUBREL", "60020001", 4, 0x81],
  ["flags of SUBSCRIBE", "80060001000161 00", 4, 0x81],
  ["QoS 3", "36050001610001", 4, 0x81],
  ["DUP with QoS 0", "3803000161", 4, 0x81],
  ["packet identifier 0", "32050001610000", 4, 0x82],
  ["topic name beyond the packet", "3003000561", 4, 0x81],
  ["topic name not UTF-8", "30030001ff", 4, 0x81],
  ["SUBSCRIBE without a filter", "82020001", 4, 0x82],
  ["subscription QoS 3", "820600010001 6103", 4, 0x81],
  ["PINGREQ with a body", "c00100", 4, 0x81],
  ["DISCONNECT 3.1.1 with a body", "e00100", 4, 0x81],
  ["CONNECT reserved flag", "100d00044d5154540401000000016161", 4, 0x81],
  ["message expiry twice", publish5("0200000001 0200000001"), 5, 0x82],
  ["payload format indicator 2", publish5("0102"), 5, 0x82],
  ["topic alias twice", publish5("230001 230002"), 5, 0x82],
  ["unknown property", publish5("7f01"), 5, 0x81],
  ["property of another packet", publish5("210001"), 5, 0x81],
  ["a property that does not end with the properties", publish5("2300"), 5, 0x81],
  ["user property not UTF-8", publish5("26 0001ff 000161"), 5, 0x81],
  ["properties longer than the packet", "3004000161 09", 5, 0x81],
  ["receive maximum 0", "101000044d51545405020000032100000000", 5, 0x82],
  ["response topic with +", publish5("080003 612f2b"), 5, 0x82],
  ["response topic with #", publish5("080001 23"), 5, 0x82],
  [
    "response topic of a will with #",
    "101700044d51545405060000 00 0000 04 08000123 000177 0000",
    5,
    0x82,
  ],
  ["authentication data without a method", "101100044d5154540502000004 16000161 0000", 5, 0x82],
  ["remaining length longer than it must be", "c08000", 5, 0x81],
  ["property length longer than it must be", "30050001618000", 5, 0x81],
  ["property identifier longer than it must be", publish5("818000 00"), 5, 0x81],
];

function hexByte(value: number): string {
  return value.toString(16).padStart(2, "0");
}

/** A PUBLISH of MQTT 5 to topic name "a" with these properties, its lengths made to fit. */
function publish5(properties: string): string {
  const size = properties.replaceAll(" ", "").length / 2;
  return `30${hexByte(4 + size)}000161${hexByte(size)}${properties}`;
}

function reasonOf(packet: Uint8Array, version: ProtocolVersion): unknown {
  try {
    checkPacket(packet, version);
    return "accepted";
  } catch (error) {
    if (!isOperatingError(error, "malformed_packet")) throw error;
    return (error as OperatingError).detail["reason_code"];
  }
}

describe("checkPacket()", () => {
  it.each(GOOD)("accepts %s", (_name, packet, version) => {
    expect(reasonOf(packet, version)).toBe("accepted");
  });

  it.each(BAD)("refuses %s", (_name, hex, version, reason) => {
    expect(reasonOf(fromHex(hex.replaceAll(" ", "")), version)).toBe(reason);
  });

  it("hands back topic name and user properties as they came, in order", () => {
    const hex = publish5("260001620000 26000162000131 2600016100013c");
    const packet = fromHex(hex.replaceAll(" ", ""));
    const { topicName, userProperties } = checkPacket(packet, 5);
    expect(topicName).toEqual(utf8("a"));
    expect(userProperties.map((pair) => pair.map((bytes) => new TextDecoder().decode(bytes))))
      .toEqual([["b", ""], ["b", "1"], ["a", "<"]]);
  });

  it("stops counting user properties at some point", () => {
    const properties = { userProperties: { k: Array.from({ length: 2_001 }, () => "v") } };
    expect(reasonOf(publishPacket({ topic: "a", properties }, 5), 5)).toBe(0x97);
  });

  it("answers or throws malformed_packet for every cut of every packet", () => {
    for (const [, packet, version] of GOOD) {
      for (let size = 1; size < packet.length; size++) reasonOf(packet.slice(0, size), version);
    }
  });

  it("answers or throws malformed_packet for every flipped bit of every packet", () => {
    for (const [, packet, version] of GOOD) {
      for (let bit = 0; bit < packet.length * 8; bit++) {
        const flipped = packet.slice();
        flipped[bit >>> 3]! ^= 1 << (bit & 7);
        reasonOf(flipped, version);
        reasonOf(flipped, version === 4 ? 5 : 4);
      }
    }
  });
});
