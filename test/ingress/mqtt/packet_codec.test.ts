import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/base/bytes.ts";
import { isOperatingError } from "../../../src/base/errors.ts";
import { decodePacket, encodePacket } from "../../../src/ingress/mqtt/packet_codec.ts";
import { publishPacket } from "../../support/mqtt_packets.ts";

describe("decodePacket()", () => {
  it("reads a packet that lies inside a larger buffer", () => {
    const packet = publishPacket({ topic: "a", payload: "x", qos: 1, messageId: 7 });
    const padded = new Uint8Array(packet.length + 10);
    padded.set(packet, 5);
    expect(decodePacket(padded.subarray(5, 5 + packet.length), 4)).toMatchObject({
      cmd: "publish",
      topic: "a",
      messageId: 7,
    });
  });

  it("throws malformed_packet, and nothing else, at any flipped bit or cut", () => {
    const packet = publishPacket({
      topic: "a",
      payload: "x",
      qos: 1,
      messageId: 7,
      properties: { userProperties: { a: "b" }, contentType: "c" },
    }, 5);
    const attempt = (bytes: Uint8Array) => {
      try {
        decodePacket(bytes, 5);
      } catch (error) {
        if (!isOperatingError(error, "malformed_packet")) throw error;
      }
    };
    for (let bit = 0; bit < packet.length * 8; bit++) {
      const flipped = packet.slice();
      flipped[bit >>> 3]! ^= 1 << (bit & 7);
      attempt(flipped);
    }
    for (let size = 0; size < packet.length; size++) attempt(packet.slice(0, size));
  });
});

describe("encodePacket()", () => {
  it("writes what the standard says", () => {
    expect(toHex(encodePacket({ cmd: "disconnect", reasonCode: 0x8b }, 5))).toBe("e0028b00");
    const connack = encodePacket({ cmd: "connack", returnCode: 1, sessionPresent: false }, 4);
    expect(toHex(connack)).toBe("20020001");
  });
});
