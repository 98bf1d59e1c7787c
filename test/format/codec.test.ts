import { describe, expect, it } from "vitest";
import { codecOf, inflatedRecords, isTransactional } from "../../src/format/codec.ts";

describe("codecOf()", () => {
  it("reads the low three bits as Kafka numbers them", () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7].map(codecOf))
      .toEqual(["none", "gzip", "snappy", "lz4", "zstd", null, null, null]);
    expect(codecOf(0b1000 | 3)).toBe("lz4");
  });
});

describe("isTransactional()", () => {
  it("is true of transactional and of control batches", () => {
    expect([0x00, 0x03, 0x08, 0x10, 0x20, 0x30].map(isTransactional))
      .toEqual([false, false, false, true, true, true]);
  });
});

describe("inflatedRecords()", () => {
  it("inflates only what the core cannot", () => {
    const inflate = (codec: string, bytes: Uint8Array, max: number) =>
      Uint8Array.of(codec.length, bytes[0]!, max);
    const of = (attributes: number) =>
      inflatedRecords({ attributes, records: Uint8Array.of(7) }, inflate, 9);
    expect([0, 2, 3].map(of)).toEqual([undefined, undefined, undefined]);
    expect(of(1)).toEqual(Uint8Array.of(4, 7, 9));
    expect(of(4)).toEqual(Uint8Array.of(4, 7, 9));
  });
});
