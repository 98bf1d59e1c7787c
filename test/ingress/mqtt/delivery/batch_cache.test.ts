import { describe, expect, it } from "vitest";
import { OperatingError } from "../../../../src/base/errors.ts";
import { BatchCache, type DeliveryLog } from "../../../../src/ingress/mqtt/delivery/batch_cache.ts";
import { batchOf as buildBatch } from "../../../support/batches.ts";
import { testCore } from "../../../support/core.ts";

const core = testCore();
const inflate = () => {
  throw new OperatingError("corrupt_batch", "Cannot inflate");
};

const batchOf = (baseOffset: number, records: number) =>
  buildBatch(core, Array.from({ length: records }, (_, nth) => `v${nth}`), { baseOffset });

/** A log of batches of ten records each. */
function logOf(handle: number, batches: number) {
  const reads: number[] = [];
  const log: DeliveryLog = {
    ...{ topic: "t", index: 0, handle, logStartOffset: 0 },
    ...{ highWatermark: 10 * batches, logEndOffset: 10 * batches },
    read: (offset) => {
      reads.push(offset);
      const baseOffset = Math.floor(offset / 10) * 10;
      const batch = batchOf(baseOffset, 10);
      return Promise.resolve({ batches: [batch], nextOffset: baseOffset + 10 });
    },
  };
  return { log, reads };
}

describe("BatchCache.read()", () => {
  it("reads a page once for all who come by, at the same time or later", async () => {
    const { log, reads } = logOf(1, 3);
    const cache = new BatchCache(core, inflate);
    const [one, two] = await Promise.all([cache.read(log, 10), cache.read(log, 10)]);
    expect(one).toBe(two);
    expect(await cache.read(log, 19)).toBe(one);
    expect(one).toMatchObject({ from: 10, nextOffset: 20 });
    expect(one.batches[0]).toMatchObject({ baseOffset: 10, count: 10 });
    expect(reads).toEqual([10]);
    await cache.read(log, 20);
    await cache.read(logOf(2, 3).log, 10);
    expect(reads).toEqual([10, 20]);
  });

  it("keeps what was used last, within its bytes", async () => {
    const { log, reads } = logOf(1, 100);
    const first = await new BatchCache(core, inflate).read(log, 0);
    const bytes = first.batches[0]!.bytes + 256;
    reads.length = 0;
    const cache = new BatchCache(core, inflate, 3 * bytes + 100);
    for (const offset of [0, 10, 20, 0, 30]) await cache.read(log, offset);
    expect(cache.bytes).toBeLessThanOrEqual(3 * bytes + 100);
    expect(reads).toEqual([0, 10, 20, 30]);
    await cache.read(log, 0);
    expect(reads, "used after 10 was").toHaveLength(4);
    await cache.read(log, 10);
    expect(reads).toHaveLength(5);
  });

  it("does not remember a read that failed", async () => {
    const { log } = logOf(1, 1);
    let fails = true;
    const flaky: DeliveryLog = {
      ...log,
      read: (offset, options) =>
        fails
          ? Promise.reject(new OperatingError("offset_out_of_range", "Cannot read"))
          : log.read(offset, options),
    };
    const cache = new BatchCache(core, inflate);
    await expect(cache.read(flaky, 0)).rejects.toThrow("Cannot read");
    fails = false;
    expect(await cache.read(flaky, 0)).toMatchObject({ nextOffset: 10 });
  });
});

describe("BatchCache.keep() and scan()", () => {
  it("keeps a batch that was decoded already", async () => {
    const { log, reads } = logOf(1, 2);
    const cache = new BatchCache(core, inflate);
    const scanned = cache.scan(batchOf(0, 10))!;
    cache.keep(log, scanned);
    cache.keep(log, scanned);
    expect((await cache.read(log, 5)).batches).toEqual([scanned]);
    expect(reads).toEqual([]);
  });

  it("passes over what cannot be decoded", () => {
    const batch = batchOf(0, 10);
    batch[22] = 4; // zstd
    expect(new BatchCache(core, inflate).scan(batch)).toBeNull();
  });
});
