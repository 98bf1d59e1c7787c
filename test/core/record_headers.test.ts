import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { decodeHeaders, encodeHeaders, NO_HEADERS } from "../../src/core/record_headers.ts";
import { testCore } from "../support/core.ts";

const STAMP = {
  baseOffset: 0,
  leaderEpoch: 0,
  logId: "0000000000000001",
  compression: "none",
} as const;

describe("encodeHeaders()", () => {
  it("writes count, names and values as Kafka does", () => {
    expect(encodeHeaders([])).toBe(NO_HEADERS);
    expect(encodeHeaders([["h", utf8("v")]])).toEqual(Uint8Array.of(2, 2, 0x68, 2, 0x76));
    expect(encodeHeaders([["h", null]])).toEqual(Uint8Array.of(2, 2, 0x68, 1));
  });

  it("survives a record, whatever the sizes", () => {
    const core = testCore();
    for (const size of [0, 1, 63, 64, 8191, 8192, 100_000]) {
      const headers = Array.from(
        { length: size === 100_000 ? 2 : 200 },
        (_, nth) =>
          [`näme ${nth}`, nth % 3 ? new Uint8Array(size % 9000).fill(nth) : null] as const,
      );
      core.append(0, { timestamp: 1, value: null, headers });
      const status = core.openRecords(0);
      if (status === 0) continue; // over the largest record
      expect(core.decode(core.seal(0, STAMP))[0]?.headers).toEqual(headers);
    }
  });

  it("refuses more headers than a record may have", () => {
    const headers = Array.from({ length: 1001 }, () => ["h", null] as const);
    expect(() => encodeHeaders(headers)).toThrow("within their limit");
  });
});

describe("decodeHeaders()", () => {
  it("gives back what was encoded", () => {
    const headers = [["näme", utf8("v")], ["", null], [
      "x",
      new Uint8Array(20_000).fill(7),
    ]] as const;
    expect(decodeHeaders(encodeHeaders(headers))).toEqual(headers);
    expect(decodeHeaders(NO_HEADERS)).toEqual([]);
  });

  it("goes as far as damaged bytes do", () => {
    const encoded = encodeHeaders([["one", utf8("1")], ["two", utf8("2")]]);
    for (let size = 0; size <= encoded.length; size++) {
      expect(decodeHeaders(encoded.subarray(0, size)).length).toBeLessThanOrEqual(2);
    }
    for (let at = 0; at < encoded.length; at++) {
      const damaged = encoded.slice();
      damaged[at] = 0xff;
      decodeHeaders(damaged);
    }
  });
});
