import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { isOperatingError } from "../../src/base/errors.ts";
import { deflate, deflateZstd, inflate } from "../../src/host/inflate.ts";

function detailOf(codec: "gzip" | "zstd", bytes: Uint8Array): unknown {
  try {
    return inflate(codec, bytes, 1_000_000).length;
  } catch (error) {
    return isOperatingError(error) && error.detail;
  }
}

describe.each(["gzip", "zstd"] as const)("inflate() of %s", (codec) => {
  it("gives back what was deflated", () => {
    const text = utf8("the same, the same, the same, the same");
    expect(inflate(codec, deflate(codec, text), 1_000)).toEqual(text);
  });

  it("stops a bomb at the limit", () => {
    const bomb = deflate(codec, new Uint8Array(10_000_000));
    expect(bomb.length).toBeLessThan(20_000);
    expect(() => inflate(codec, bomb, 1_000_000)).toThrow(/^Cannot inflate \d+ bytes of/);
    expect(detailOf(codec, bomb)).toEqual({ codec, limit: 1_000_000 });
    expect(detailOf(codec, bomb.subarray(0, 5))).toEqual({ codec });
    expect(inflate(codec, bomb, 10_000_000)).toHaveLength(10_000_000);
  });

  it("gives back sizes around every limit of a buffer", () => {
    for (const size of [0, 1, 65_535, 65_536, 131_072, 300_000, 3_000_000]) {
      const bytes = new Uint8Array(size).map((_, at) => Math.imul(at, 2_654_435_761) >>> 13);
      expect(inflate(codec, deflate(codec, bytes), size + 1), `${size} bytes`).toEqual(bytes);
    }
  });

  it("inflates members that follow one another", () => {
    const two = Uint8Array.of(...deflate(codec, utf8("one, ")), ...deflate(codec, utf8("two")));
    expect(inflate(codec, two, 8)).toEqual(utf8("one, two"));
    expect(() => inflate(codec, two, 7)).toThrow(/^Cannot inflate/);
  });

  it("says corrupt_batch when any byte is cut off", () => {
    const whole = deflate(codec, utf8("some text that is long enough to be worth it"));
    for (let size = 0; size < whole.length; size++) {
      let error: unknown;
      try {
        inflate(codec, whole.subarray(0, size), 1_000);
      } catch (caught) {
        error = caught;
      }
      expect(isOperatingError(error, "corrupt_batch"), `cut at ${size}`).toBe(true);
    }
  });
});

it("deflateZstd() makes one frame that inflates to the same", async () => {
  const text = utf8("the same, the same, the same, the same".repeat(1_000));
  const packed = await deflateZstd(text);
  expect(packed.length).toBeLessThan(text.length / 50);
  expect(inflate("zstd", packed, text.length)).toEqual(text);
});
