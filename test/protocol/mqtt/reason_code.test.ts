import { describe, expect, it } from "vitest";
import type { ErrorCode } from "../../../src/base/errors.ts";
import {
  connectReturnCode,
  ReasonCode,
  reasonCodeOf,
  reasonName,
} from "../../../src/protocol/mqtt/reason_code.ts";

/** MQTT 5, table 3-4. */
const OF_PUBACK = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];

describe("reasonCodeOf()", () => {
  it("is a failure that a PUBACK may carry, whatever the error", () => {
    const codes: ErrorCode[] = [
      "storage_full",
      "storage_failed",
      "record_too_large",
      "too_many_topics",
      "invalid_topic",
      "forbidden",
      "shutting_down",
      "corrupt_batch",
    ];
    for (const code of codes) {
      expect(OF_PUBACK, code).toContain(reasonCodeOf(code));
      expect(reasonCodeOf(code), code).toBeGreaterThanOrEqual(0x80);
    }
  });

  it("says quota exceeded when the disk is full, and unspecified when it fails", () => {
    expect(reasonCodeOf("storage_full")).toBe(0x97);
    expect(reasonCodeOf("storage_failed")).toBe(0x80);
  });
});

describe("connectReturnCode()", () => {
  it("maps to the five refusals of MQTT 3.1.1, and to none else", () => {
    expect(connectReturnCode(ReasonCode.UnsupportedProtocolVersion)).toBe(1);
    expect(connectReturnCode(ReasonCode.ClientIdentifierNotValid)).toBe(2);
    expect(connectReturnCode(ReasonCode.ServerUnavailable)).toBe(3);
    expect(connectReturnCode(ReasonCode.BadUserNameOrPassword)).toBe(4);
    expect(connectReturnCode(ReasonCode.NotAuthorized)).toBe(5);
    expect(connectReturnCode(ReasonCode.MalformedPacket)).toBeNull();
  });
});

describe("reasonName()", () => {
  it("names codes as labels", () => {
    expect([0x97, 0x9f, 0x81, 0x95].map((code) => reasonName(code as ReasonCode))).toEqual([
      ...["quota_exceeded", "connection_rate_exceeded", "malformed_packet", "packet_too_large"],
    ]);
  });
});
