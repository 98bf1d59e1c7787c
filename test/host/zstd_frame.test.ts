import { zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { zstdFrameEnd } from "../../src/host/zstd_frame.ts";

/** Sizes on both sides of each content size field, compressible and not. */
const inputs = [0, 1, 255, 256, 65_791, 65_792, 300_000].flatMap((size) => [
  new Uint8Array(size).fill(7),
  new Uint8Array(size).map((_, at) => Math.imul(at, 2_654_435_761) >>> 13),
]);

/** The platform may write an empty frame behind a full one. */
function walk(bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length;) {
    const end = zstdFrameEnd(bytes.subarray(at));
    if (end < 0) return -1;
    at += end;
  }
  return bytes.length;
}

describe("zstdFrameEnd()", () => {
  it("walks from frame to frame to the end, and finds none when a byte is missing", () => {
    for (const input of inputs) {
      const frames = Uint8Array.from(zstdCompressSync(input));
      expect(walk(frames), `${input.length} bytes`).toBe(frames.length);
      expect(walk(frames.subarray(0, -1)), `${input.length} bytes, cut`).toBe(-1);
    }
  });

  it("finds the end when more follows", () => {
    const frame = Uint8Array.from(zstdCompressSync(Uint8Array.of(1, 2, 3)));
    expect(zstdFrameEnd(Uint8Array.of(...frame, 4, 5))).toBe(frame.length);
  });

  it("never reads past the end of hostile bytes", () => {
    const frame = Uint8Array.from(zstdCompressSync(new Uint8Array(1_000)));
    for (let at = 0; at < frame.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const damaged = frame.slice();
        damaged[at]! ^= 1 << bit;
        expect(zstdFrameEnd(damaged)).toBeLessThanOrEqual(damaged.length);
      }
    }
  });
});
