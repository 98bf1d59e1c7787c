import { describe, expect, it } from "vitest";
import { isOperatingError } from "../../../src/base/errors.ts";
import { decodeCursor, encodeCursor } from "../../../src/protocol/http/cursor.ts";

const cursor = {
  topicId: "00112233445566778899aabbccddeeff",
  standings: [
    { epoch: -1, offset: 0 },
    { epoch: 0, offset: 127 },
    { epoch: 300, offset: 128 },
    { epoch: 2 ** 31 - 1, offset: Number.MAX_SAFE_INTEGER },
  ],
};

describe("decodeCursor()", () => {
  it("gives back what encodeCursor() was given, through a URL", () => {
    const text = encodeCursor(cursor);
    expect(encodeURIComponent(text)).toBe(text);
    expect(decodeCursor(text)).toEqual(cursor);
  });

  it("refuses every cursor with one character changed, left out or cut off", () => {
    const text = encodeCursor(cursor);
    for (let at = 0; at < text.length - 1; at++) {
      const other = text[at] === "A" ? "B" : "A";
      for (
        const damaged of [
          text.slice(0, at) + other + text.slice(at + 1),
          text.slice(0, at) + text.slice(at + 1),
          text.slice(0, at),
        ]
      ) {
        let error: unknown;
        try {
          decodeCursor(damaged);
        } catch (thrown) {
          error = thrown;
        }
        expect(isOperatingError(error, "invalid_argument"), `${at}: ${damaged}`).toBe(true);
      }
    }
  });

  it("refuses one that is too long, or no base64url", () => {
    expect(() => decodeCursor("A".repeat(20_000))).toThrow(/not one of ours/);
    expect(() => decodeCursor("a b=")).toThrow(/not one of ours/);
    expect(() => decodeCursor("")).toThrow(/not one of ours/);
  });
});
