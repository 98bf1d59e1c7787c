import { describe, expect, it } from "vitest";
import { emptyRange, encodeEmptyBatch, isEmptyBatch } from "../../src/format/empty_batch.ts";
import { readBatchHeader } from "../../src/format/record_batch.ts";
import { testCore } from "../support/core.ts";

const core = testCore();
const gone = {
  from: 2 ** 31 + 5,
  to: 2 ** 31 + 25,
  logId: "0123456789abcdef",
  leaderEpoch: 7,
  minTimestamp: 1_000,
  maxTimestamp: 2_000,
};

describe("encodeEmptyBatch()", () => {
  it("makes a batch that verifies, and says what was there", () => {
    const batch = encodeEmptyBatch(gone, (bytes) => core.crc32c(bytes));
    expect(core.verifyBatch(batch)).toBe(61);
    expect(readBatchHeader(batch)).toMatchObject({
      baseOffset: gone.from,
      lastOffset: gone.to - 1,
      sizeBytes: 61,
      leaderEpoch: 7,
      baseTimestamp: 1_000,
      maxTimestamp: 2_000,
      recordsCount: 0,
      logId: gone.logId,
      sourceOffset: gone.from,
    });
    expect(core.decode(batch)).toEqual([]);
  });
});

describe("emptyRange()", () => {
  it("tells an empty batch from one with records", () => {
    expect(emptyRange(encodeEmptyBatch(gone, (bytes) => core.crc32c(bytes))))
      .toEqual({ from: gone.from, to: gone.to });
    core.append(3, { timestamp: 1, value: new Uint8Array(1) });
    const stamp = {
      baseOffset: 0,
      leaderEpoch: 1,
      logId: gone.logId,
      compression: "none",
    } as const;
    const batch = core.seal(3, stamp);
    expect([emptyRange(batch), isEmptyBatch(batch)]).toEqual([null, false]);
  });
});
