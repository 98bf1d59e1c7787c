import { beforeEach, describe, expect, it } from "vitest";
import { concat, utf8 } from "../../src/base/bytes.ts";
import { OperatingError } from "../../src/base/errors.ts";
import type { Core } from "../../src/core/core.ts";
import { readOn, readRecordPage, type RecordPageOptions } from "../../src/egress/record_page.ts";
import { readBatchHeader } from "../../src/format/record_batch.ts";
import { testCore } from "../support/core.ts";

const core: Core = testCore();

function batchOf(baseOffset: number, values: readonly string[]): Uint8Array {
  core.discard(0);
  for (const value of values) core.append(0, { timestamp: 1, value: utf8(value) });
  const stamp = {
    baseOffset,
    leaderEpoch: 1,
    logId: "00000000000000ff",
    compression: "none",
  } as const;
  return core.seal(0, stamp);
}

/** A log whose reads end where `reads` says: each gives its batches and gaps. */
function logOf(
  reads: { batches: Uint8Array[]; gaps?: { from: number; to: number }[]; to: number }[],
) {
  const asked: number[] = [];
  return {
    ...{ topic: "t", index: 3, highWatermark: reads.at(-1)!.to, asked },
    read(offset: number) {
      asked.push(offset);
      const at = reads.findIndex(({ to }) => to > offset);
      const { batches, gaps = [], to } = reads[at]!;
      return Promise.resolve({
        batches,
        nextOffset: to,
        gaps: gaps.map((gap) => ({ ...gap, reason: "corrupt" })),
      });
    },
  };
}

let options: RecordPageOptions;

beforeEach(() => {
  options = {
    ...{ core, maxRecords: 1_000, maxBytes: 100_000 },
    inflate: () => {
      throw new OperatingError("corrupt_batch", "Cannot inflate");
    },
  };
});

describe("readRecordPage()", () => {
  it("reads on where a read of the log ends early, and names the gaps on the way", async () => {
    const log = logOf([
      { batches: [batchOf(0, ["a", "b"])], to: 2 },
      { batches: [batchOf(5, ["c"])], gaps: [{ from: 2, to: 5 }], to: 6 },
    ]);
    const page = await readRecordPage(log, 1, options);
    expect(page.records.map(({ offset }) => offset)).toEqual([1, 5]);
    expect(page).toMatchObject({ nextOffset: 6, gaps: [{ from: 2, to: 5, reason: "corrupt" }] });
  });

  it("ends behind its last record when it is full, and leaves later gaps to the next page", async () => {
    const log = logOf([
      { batches: [batchOf(0, ["a", "b"]), batchOf(4, ["c"])], gaps: [{ from: 2, to: 4 }], to: 5 },
    ]);
    const page = await readRecordPage(log, 0, { ...options, maxRecords: 1 });
    expect(page).toMatchObject({ nextOffset: 1, gaps: [] });
    const rest = await readRecordPage(log, 0, { ...options, maxRecords: 2 });
    expect(rest.nextOffset).toBe(2);
  });

  it("makes a gap of a batch that nobody can decode, and passes it", async () => {
    const broken = batchOf(0, ["x", "y"]);
    new DataView(broken.buffer).setInt16(21, 1);
    const log = logOf([{ batches: [broken, batchOf(2, ["z"])], to: 3 }]);
    const page = await readRecordPage(log, 0, options);
    expect(page.records.map(({ offset }) => offset)).toEqual([2]);
    expect(page.gaps).toEqual([{ from: 0, to: 2, reason: "undecodable" }]);
  });

  it("tells the source of a record in the middle of a batch", async () => {
    const batch = batchOf(100, ["a", "b", "c"]);
    expect(readBatchHeader(batch).sourceOffset).toBe(100);
    const log = logOf([{ batches: [batch], to: 103 }]);
    const sourceOf = () => ({ gateway: "g", partition: 7 });
    const { records } = await readRecordPage(log, 102, { ...options, sourceOf });
    expect(records[0]!.source)
      .toEqual({ gateway: "g", log_id: "00000000000000ff", partition: 7, offset: 102 });
  });

  it("is empty at the high watermark, without a read", async () => {
    const log = logOf([{ batches: [], to: 4 }]);
    expect(await readRecordPage(log, 4, options))
      .toEqual({ records: [], gaps: [], nextOffset: 4 });
    expect(log.asked).toEqual([]);
  });
});

describe("readOn()", () => {
  it("leaves a page at half full, and overfills none", async () => {
    const batches = [0, 1, 2, 3].map((offset) => batchOf(offset, ["x".repeat(100)]));
    const log = logOf(batches.map((batch, at) => ({ batches: [batch], to: at + 1 })));
    const size = batches[0]!.length;
    const total = async (maxBytes: number) => {
      const parts: Uint8Array[] = [];
      for await (const { batches } of readOn(log, 0, maxBytes)) parts.push(...batches);
      return concat(parts).length / size;
    };
    expect(await total(1)).toBe(1);
    expect(await total(size * 1.5)).toBe(1);
    expect(await total(size * 3)).toBe(2);
    expect(await total(size * 100)).toBe(4);
  });
});
