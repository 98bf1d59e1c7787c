import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { decodeUtf8String } from "../../../src/protocol/mqtt/utf8_string.ts";

describe("decodeUtf8String()", () => {
  it("keeps a byte order mark as the character it is [MQTT-1.5.4-3]", () => {
    expect(decodeUtf8String(Uint8Array.from([0xef, 0xbb, 0xbf, 0x61]))).toBe("\ufeffa");
  });

  it("reads text of every length of encoding", () => {
    expect(decodeUtf8String(utf8("aé€😀"))).toBe("aé€😀");
    expect(decodeUtf8String(new Uint8Array(0))).toBe("");
  });

  it("refuses surrogates, U+0000, overlong and cut encodings [MQTT-1.5.4-1, -2]", () => {
    for (const bytes of [[0xed, 0xa0, 0x80], [0x61, 0x00], [0xc0, 0x80], [0xe2, 0x82], [0xff]]) {
      expect(decodeUtf8String(Uint8Array.from(bytes)), String(bytes)).toBeNull();
    }
  });
});
