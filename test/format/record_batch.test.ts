/**
 * Golden batch: kcat read it back from librdkafka's mock cluster; its CRC was checked with
 * java.util.zip.CRC32C.
 */
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import { CRC_AT, placeBatch, readBatchHeader } from "../../src/format/record_batch.ts";

const GOLDEN = "000000000000002a0000004c00000007028d06ae420000000000020000018bcfe56800" +
  "0000018bcfe5680500000000000003e800000000000a000000030e0000000102610012000a02046964026200" +
  "100005040469640100";

describe("readBatchHeader()", () => {
  it("reads every field of a batch that another implementation wrote", () => {
    expect(readBatchHeader(fromHex(GOLDEN))).toEqual({
      baseOffset: 42,
      sizeBytes: 88,
      leaderEpoch: 7,
      crc: 0x8d06ae42,
      attributes: 0,
      lastOffset: 44,
      baseTimestamp: 1_700_000_000_000,
      maxTimestamp: 1_700_000_000_005,
      recordsCount: 3,
      logId: "00000000000003e8",
      sourceOffset: 10,
    });
  });

  it("reads at a position inside a larger buffer", () => {
    const padded = fromHex("ffff" + GOLDEN);
    expect(readBatchHeader(padded, 2)).toEqual(readBatchHeader(fromHex(GOLDEN)));
  });

  it("joins producer epoch and base sequence to a source offset beyond 2^31", () => {
    const batch = fromHex(GOLDEN);
    batch[52] = 3;
    expect(readBatchHeader(batch).sourceOffset).toBe(3 * 2 ** 31 + 10);
  });
});

describe("placeBatch()", () => {
  it("changes base offset and leader epoch and nothing from the magic on", () => {
    const batch = fromHex(GOLDEN);
    placeBatch(batch, 9_000_000_000, 12);
    expect(readBatchHeader(batch)).toMatchObject({ baseOffset: 9_000_000_000, leaderEpoch: 12 });
    expect(toHex(batch.subarray(16))).toBe(GOLDEN.slice(32));
    expect(toHex(batch.subarray(CRC_AT, CRC_AT + 4))).toBe("8d06ae42");
  });
});
