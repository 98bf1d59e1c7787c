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

const inSource = {
  topicId: cursor.topicId,
  source: { partition: 7 },
  standings: [
    { epoch: 3, offset: 128, splice: null },
    { epoch: 3, offset: 9, splice: { logId: "00000000000000a1", next: 2 ** 40, at: 5 } },
  ],
};

describe("decodeCursor()", () => {
  it("tells the order of source, its partition, and where in a splice", () => {
    expect(decodeCursor(encodeCursor(inSource))).toEqual(inSource);
    const merged = { ...inSource, source: { partition: null } };
    expect(decodeCursor(encodeCursor(merged))).toEqual(merged);
    expect(encodeCursor({ ...inSource, standings: Array(256).fill(inSource.standings[1]) }).length)
      .toBeLessThan(16_384);
  });

  it("gives back what encodeCursor() was given, through a URL", () => {
    const text = encodeCursor(cursor);
    expect(encodeURIComponent(text)).toBe(text);
    expect(decodeCursor(text)).toEqual(cursor);
  });

  it.each([cursor, inSource])(
    "refuses one with a character changed, left out or cut off",
    (each) => {
      const text = encodeCursor(each);
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
    },
  );

  it("refuses one that is too long, or no base64url", () => {
    expect(() => decodeCursor("A".repeat(20_000))).toThrow(/not one of ours/);
    expect(() => decodeCursor("a b=")).toThrow(/not one of ours/);
    expect(() => decodeCursor("")).toThrow(/not one of ours/);
  });
});
