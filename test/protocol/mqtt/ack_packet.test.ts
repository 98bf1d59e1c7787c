import { describe, expect, it } from "vitest";
import { fromHex } from "../../../src/base/bytes.ts";
import { isOperatingError } from "../../../src/base/errors.ts";
import { readAck, shortPacketId, shortPubacksSize } from "../../../src/protocol/mqtt/ack_packet.ts";

describe("readAck()", () => {
  it("reads each of the four, short and long", () => {
    for (const first of ["40", "50", "62", "70"]) {
      expect(readAck(fromHex(`${first}021234`), 4)).toEqual({ packetId: 0x1234, reasonCode: 0 });
      expect(readAck(fromHex(`${first}03000a92`), 5)).toEqual({ packetId: 10, reasonCode: 0x92 });
      expect(readAck(fromHex(`${first}04000a9200`), 5)).toEqual({
        packetId: 10,
        reasonCode: 0x92,
      });
      const withReason = `${first}08000a80041f000161`;
      expect(readAck(fromHex(withReason), 5)).toEqual({ packetId: 10, reasonCode: 0x80 });
    }
  });

  it("reads a length that 3.1.1 lets be longer than it must be", () => {
    expect(readAck(fromHex("408200000a"), 4)).toEqual({ packetId: 10, reasonCode: 0 });
  });

  it("refuses what no client may send", () => {
    const bad: [string, 4 | 5][] = [
      ["40020000", 4], // identifier 0
      ["42020001", 4], // flags
      ["60020001", 4],
      ["4003000a00", 4], // a reason code in 3.1.1
      ["400100", 4], // too short
      ["4004000a8005", 5], // properties that end too early
    ];
    for (const [hex, version] of bad) {
      let error: unknown = null;
      try {
        readAck(fromHex(hex), version);
      } catch (thrown) {
        error = thrown;
      }
      expect(isOperatingError(error, "malformed_packet"), hex).toBe(true);
    }
  });
});

describe("shortPubacksSize()", () => {
  it("counts the bytes of whole PUBACKs at the head", () => {
    const sizes: [string, number][] = [
      ["", 0],
      ["40020001", 4],
      ["4002000140020102" + "400200", 8],
      ["40020001" + "40020000", 4], // identifier 0
      ["40020001" + "4003000100", 4], // a reason code
      ["40020001" + "c000", 4],
      ["50020001", 0],
      ["42020001", 0],
    ];
    for (const [hex, size] of sizes) expect(shortPubacksSize(fromHex(hex)), hex).toBe(size);
    expect(shortPacketId(fromHex("4002000140020102"), 4)).toBe(0x0102);
  });
});
