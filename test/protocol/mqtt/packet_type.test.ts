import { describe, expect, it } from "vitest";
import {
  HEADER_INCOMPLETE,
  HEADER_MALFORMED,
  packetSize,
  packetType,
  REMAINING_LENGTH_MAX,
} from "../../../src/protocol/mqtt/packet_type.ts";

const head = (...bytes: number[]) => packetSize(Uint8Array.from(bytes), 0);

describe("packetSize()", () => {
  it("reads the lengths of the standard's table 2-1", () => {
    expect(head(0x30, 0x00)).toBe(2);
    expect(head(0x30, 0x7f)).toBe(2 + 127);
    expect(head(0x30, 0x80, 0x01)).toBe(3 + 128);
    expect(head(0x30, 0xff, 0x7f)).toBe(3 + 16_383);
    expect(head(0x30, 0x80, 0x80, 0x01)).toBe(4 + 16_384);
    expect(head(0x30, 0xff, 0xff, 0xff, 0x7f)).toBe(5 + REMAINING_LENGTH_MAX);
  });

  it("tells what is not all there from what is malformed", () => {
    expect(head()).toBe(HEADER_INCOMPLETE);
    expect(head(0x30)).toBe(HEADER_INCOMPLETE);
    expect(head(0x30, 0x80, 0x80, 0x80)).toBe(HEADER_INCOMPLETE);
    expect(head(0x30, 0x80, 0x80, 0x80, 0x80)).toBe(HEADER_MALFORMED);
  });

  it("reads at a position inside a larger buffer", () => {
    expect(packetSize(Uint8Array.from([0xff, 0xff, 0xc0, 0x00]), 2)).toBe(2);
  });
});

describe("packetType()", () => {
  it("is the high half of the first byte", () => {
    expect(packetType(0x3d)).toBe(3);
    expect(packetType(0xf0)).toBe(15);
  });
});
