/** Batches cut anew: what is in them, under which identity, and which stay as they are. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { PARTITIONS_MAX } from "../../src/base/limits.ts";
import type { OffsetRange } from "../../src/base/types.ts";
import type { Core } from "../../src/core/core.ts";
import { placeBatch, readBatchHeader } from "../../src/format/record_batch.ts";
import { recut } from "../../src/replication/recut.ts";
import { testCore } from "../support/core.ts";

const logId = "00000000000000ab";
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
/** So that there is something to compress. */
const headers = [["pad", utf8("x".repeat(500))]] as const;

/** Records v0, v1 … from source offset 100 on, at a relay's own offset 7. */
function batchOf(core: Core, count: number, compression: "none" | "lz4" = "none"): Uint8Array {
  for (let at = 0; at < count; at++) {
    core.append(1, { timestamp: 1_000 + at, key: utf8(`k${at}`), value: utf8(`v${at}`), headers });
  }
  const batch = core.seal(1, { baseOffset: 100, leaderEpoch: 3, logId, compression });
  placeBatch(batch, 7, 5);
  return batch;
}

function shown(core: Core, batch: Uint8Array, ranges: readonly OffsetRange[]) {
  return recut(core, batch, ranges)?.map((part) => {
    expect(core.verifyBatch(part.batch)).toBe(part.batch.length);
    const header = readBatchHeader(part.batch);
    expect([header.logId, header.sourceOffset]).toEqual([logId, part.from]);
    expect(header.attributes).toBe(readBatchHeader(batch).attributes);
    const records = core.decode(part.batch);
    expect([header.recordsCount, records.length]).toEqual(Array(2).fill(part.to - part.from));
    for (const { offset, timestamp, key, headers: [header] } of records) {
      const at = offset - 100;
      expect([timestamp, text(key!), header![1]!.length]).toEqual([1_000 + at, `k${at}`, 500]);
    }
    return [part.from, part.to, records.map(({ value }) => text(value!)).join()];
  });
}

describe("recut()", () => {
  it.each(["none", "lz4"] as const)("puts the records asked for in batches (%s)", (codec) => {
    const core = testCore();
    const batch = batchOf(core, 12, codec);
    expect(readBatchHeader(batch).attributes).toBe(codec === "lz4" ? 3 : 0);
    expect(shown(core, batch, [{ from: 101, to: 104 }, { from: 108, to: 112 }])).toEqual([
      [101, 104, "v1,v2,v3"],
      [108, 112, "v8,v9,v10,v11"],
    ]);
  });

  it("leaves alone what others gather just then", () => {
    const core = testCore();
    const batch = batchOf(core, 3);
    const mine = { timestamp: 1, value: utf8("mine") };
    core.append(PARTITIONS_MAX - 1, mine);
    core.append(2, mine);
    expect(shown(core, batch, [{ from: 102, to: 103 }])).toEqual([[102, 103, "v2"]]);
    expect(core.openHandles().sort((a, b) => a - b)).toEqual([2, PARTITIONS_MAX - 1]);
    expect([core.openRecords(2), core.openRecords(PARTITIONS_MAX - 1)]).toEqual([1, 1]);
    for (const handle of core.openHandles()) core.discard(handle);
  });

  it("does not where the core has no room, and leaves nothing behind", () => {
    const core = testCore();
    const batch = batchOf(core, 3);
    let handle = 0;
    while (core.append(handle, { timestamp: 1, value: utf8("x") }) === "ok") handle++;
    expect(recut(core, batch, [{ from: 101, to: 102 }])).toBe(null);
    expect(core.openHandles()).toHaveLength(handle);
    for (const open of core.openHandles()) core.discard(open);
  });

  it("leaves what a client compressed as it is", () => {
    const core = testCore();
    const batch = batchOf(core, 3);
    for (const codec of [1, 2, 4]) {
      batch[22] = codec;
      expect(recut(core, batch, [{ from: 101, to: 102 }])).toBe(null);
    }
  });
});
