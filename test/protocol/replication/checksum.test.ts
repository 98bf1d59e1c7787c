/** The checksum of a body: it passes as sent, and in no other way. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import {
  checkBody,
  CHECKSUM_HEADER,
  checksumOf,
} from "../../../src/protocol/replication/checksum.ts";
import { testCore } from "../../support/core.ts";

const core = testCore();
const crc32c = (bytes: Uint8Array) => core.crc32c(bytes);

describe("checkBody()", () => {
  it("accepts what was sent", () => {
    const body = utf8('{"held":7}');
    const headers = new Headers({ [CHECKSUM_HEADER]: checksumOf(body, crc32c) });
    expect(() => checkBody(body, headers, crc32c)).not.toThrow();
  });

  it("uses the CRC of RFC 3720", () => {
    expect(checksumOf(utf8("123456789"), crc32c)).toBe("e3069283");
  });

  it("refuses a body with any bit flipped, and one without a checksum", () => {
    const body = utf8('{"held":7}');
    const headers = new Headers({ [CHECKSUM_HEADER]: checksumOf(body, crc32c) });
    for (let bit = 0; bit < body.length * 8; bit++) {
      const flipped = body.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => checkBody(flipped, headers, crc32c)).toThrow("damaged on the way");
    }
    expect(() => checkBody(body, new Headers(), crc32c)).toThrow("no logboom-crc32c header");
  });
});
