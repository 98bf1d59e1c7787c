/**
 * Golden batch: kcat read it back from librdkafka's mock cluster; its CRC was checked with
 * java.util.zip.CRC32C.
 */
import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import { diceOf } from "../support/dice.ts";
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

describe("readBatchHeader() and placeBatch()", () => {
  it("agree with a view's integers on any bytes", () => {
    for (let seed = 1; seed <= 500; seed++) {
      const dice = diceOf(seed);
      const bytes = Uint8Array.from({ length: 70 }, () => Math.floor(dice() * 256));
      const view = new DataView(bytes.buffer, bytes.byteOffset + 3);
      const header = readBatchHeader(bytes, 3);
      expect(header, `seed ${seed}`).toEqual({
        baseOffset: Number(view.getBigInt64(0)),
        sizeBytes: 12 + view.getInt32(8),
        leaderEpoch: view.getInt32(12),
        crc: view.getUint32(17),
        attributes: view.getInt16(21),
        lastOffset: Number(view.getBigInt64(0)) + view.getInt32(23),
        baseTimestamp: Number(view.getBigInt64(27)),
        maxTimestamp: Number(view.getBigInt64(35)),
        recordsCount: view.getInt32(57),
        logId: view.getBigUint64(43).toString(16).padStart(16, "0"),
        sourceOffset: view.getInt16(51) * 2 ** 31 + view.getInt32(53),
      });
      const offset = Number(view.getBigUint64(0) & 0x1f_ffff_ffff_ffffn);
      const batch = bytes.subarray(3);
      placeBatch(batch, offset, header.leaderEpoch ^ 1);
      expect(Number(view.getBigInt64(0)), `seed ${seed}`).toBe(offset);
      expect(view.getInt32(12), `seed ${seed}`).toBe(header.leaderEpoch ^ 1);
    }
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
