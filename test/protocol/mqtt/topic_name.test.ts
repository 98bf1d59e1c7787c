import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { decodeTopicName, hasWildcard } from "../../../src/protocol/mqtt/topic_name.ts";

describe("decodeTopicName()", () => {
  it("accepts what MQTT allows, spaces and empty levels included", () => {
    for (const name of ["a", "/", "a//b", " a b ", "ünï/😀", "a/$b"]) {
      expect(decodeTopicName(utf8(name), 100)).toBe(name);
    }
  });

  it("refuses empty names, wildcards, U+0000, the server's own and the too long", () => {
    for (const name of ["", "a/+", "#", "a+b", "a\u0000", "$SYS/x", "x".repeat(101)]) {
      expect(decodeTopicName(utf8(name), 100), name).toBeNull();
    }
  });

  it("refuses what is not UTF-8", () => {
    expect(decodeTopicName(Uint8Array.from([0x61, 0xff]), 100)).toBeNull();
  });
});

describe("hasWildcard()", () => {
  it("finds + and # anywhere", () => {
    for (const name of ["+", "a#", "a/+/b"]) expect(hasWildcard(utf8(name)), name).toBe(true);
    for (const name of ["", "a/b", "*"]) expect(hasWildcard(utf8(name)), name).toBe(false);
  });
});
