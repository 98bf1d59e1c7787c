/** Journal frames: what is written is read, and anything else is not. */
import { describe, expect, it } from "vitest";
import { JOURNAL_FRAME_BYTES_MAX } from "../../src/base/limits.ts";
import { toHex } from "../../src/base/bytes.ts";
import { decodeFrame, encodeFrame, findFrame, frameSize } from "../../src/format/journal_entry.ts";
import { testCore } from "../support/core.ts";

const core = testCore();
const crc32c = (bytes: Uint8Array) => core.crc32c(bytes);

describe("encodeFrame()", () => {
  it("draws length, checksum, sequence, JSON, and zeros up to eight bytes", () => {
    const frame = encodeFrame(2 ** 33 + 5, ["é"], crc32c);
    const payload = '["é"]';
    expect(frame.length).toBe(24);
    expect(toHex(frame.subarray(0, 4))).toBe("00000006");
    expect(toHex(frame.subarray(8, 16))).toBe("0000000200000005");
    expect(new TextDecoder().decode(frame.subarray(16, 22))).toBe(payload);
    expect(toHex(frame.subarray(22))).toBe("0000");
    expect(toHex(frame.subarray(4, 8))).toBe(
      crc32c(frame.subarray(8, 22)).toString(16).padStart(8, "0"),
    );
  });

  it("refuses what is over its limit", () => {
    expect(() => encodeFrame(1, "x".repeat(JOURNAL_FRAME_BYTES_MAX), crc32c)).toThrow(RangeError);
  });
});

describe("decodeFrame()", () => {
  it("gives back what was encoded, wherever it lies", () => {
    const frame = encodeFrame(7, { a: [1, null, "x"] }, crc32c);
    const bytes = new Uint8Array(8 + frame.length);
    bytes.set(frame, 8);
    expect(decodeFrame(bytes, 8, crc32c)).toEqual({
      sequence: 7,
      payload: { a: [1, null, "x"] },
      sizeBytes: frameSize(20),
    });
  });

  it("sees no frame in zeros, in less than a whole one, or with any bit flipped but in padding", () => {
    const frame = encodeFrame(7, ["abc"], crc32c);
    expect(decodeFrame(new Uint8Array(64), 0, crc32c)).toBeNull();
    for (let size = 0; size < 16 + 7; size++) {
      expect(decodeFrame(frame.subarray(0, size), 0, crc32c), `${size} bytes`).toBeNull();
    }
    for (let bit = 0; bit < 8 * (16 + 7); bit++) {
      const damaged = frame.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(decodeFrame(damaged, 0, crc32c), `bit ${bit}`).toBeNull();
    }
  });
});

describe("findFrame()", () => {
  it("finds the next frame behind damage, and never one with a number from before", () => {
    const frames = [5, 6, 7].map((sequence) => encodeFrame(sequence, [sequence], crc32c));
    const bytes = new Uint8Array(3 * 24 + 24);
    frames.forEach((frame, at) => bytes.set(frame, at * 24));
    bytes[24 + 16]! ^= 1;
    expect(findFrame(bytes, 24, 5, crc32c)).toBe(48);
    expect(findFrame(bytes, 24, 7, crc32c)).toBe(-1);
    // A number that the bytes between leave no room for is somebody else's.
    bytes.set(encodeFrame(700, [700], crc32c), 48);
    expect(findFrame(bytes, 24, 5, crc32c)).toBe(-1);
  });
});
