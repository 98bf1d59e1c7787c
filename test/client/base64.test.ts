import { describe, expect, it } from "vitest";
import { fromBase64, toBase64 } from "../../src/client/base64.ts";

describe("toBase64()", () => {
  it.each([["", ""], ["f", "Zg=="], ["fo", "Zm8="], ["foo", "Zm9v"], ["foobar", "Zm9vYmFy"]])(
    "makes of %j what RFC 4648 says",
    (text, base64) => {
      expect(toBase64(new TextEncoder().encode(text))).toBe(base64);
    },
  );
});

describe("fromBase64()", () => {
  it("gives back every byte, however many", () => {
    const bytes = Uint8Array.from({ length: 100_003 }, (_, at) => at * 31);
    expect(fromBase64(toBase64(bytes))).toEqual(bytes);
  });
});
