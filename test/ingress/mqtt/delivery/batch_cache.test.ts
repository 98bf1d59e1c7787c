import { describe, expect, it } from "vitest";
import { OperatingError } from "../../../../src/base/errors.ts";
import { utf8 } from "../../../../src/base/bytes.ts";
import { MQTT_BEHIND_READS_MAX } from "../../../../src/base/mqtt_limits.ts";
import type { RecordHeader } from "../../../../src/core/record.ts";
import {
  BatchCache,
  type DeliveryLog,
  type KeyedForm,
} from "../../../../src/ingress/mqtt/delivery/batch_cache.ts";
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

describe("BatchCache.packets()", () => {
  const form = (key: string, qos: 0 | 1 = 1): KeyedForm => ({
    ...{ key, qos, version: 4, keyIsTopic: true, withoutQos0: false },
    properties: new Uint8Array(0),
    filters: Uint8Array.of(1, 0, 0x23),
  });
  const messages = (baseOffset: number, headers: RecordHeader[] = []) => {
    for (let nth = 0; nth < 10; nth++) {
      core.append(1, { timestamp: 1, key: utf8("a"), value: utf8("v"), headers });
    }
    const logId = "00000000000000ff";
    return core.seal(1, { baseOffset, leaderEpoch: 0, logId, compression: "none" });
  };
  const logWith = (batches: (offset: number) => Uint8Array[]) => {
    const { log, reads } = logOf(1, 100);
    const read = (offset: number) => {
      reads.push(offset);
      return Promise.resolve({ batches: batches(offset), nextOffset: offset + 10 });
    };
    return { log: { ...log, read }, reads };
  };

  it("reads once for all who want one form", async () => {
    const { log, reads } = logWith((offset) => [messages(offset)]);
    const cache = new BatchCache(core, inflate);
    const page = await cache.packets(log, 10, form("x"));
    expect(page).toMatchObject({ from: 10, nextOffset: 20, end: 20, isAll: true });
    expect(page).toMatchObject({ largestPacket: 8, isGone: false });
    expect(await cache.packets(log, 15, form("x"))).toBe(page);
    expect(await cache.packets(log, 10, form("y", 0))).toMatchObject({ largestPacket: 6 });
    await cache.read(log, 10);
    expect(reads).toEqual([10, 10, 10]);
  });

  it("says how far it holds, and does not keep what holds nothing", async () => {
    const expiring: RecordHeader[] = [["mqtt.expiry_s", utf8("1")]];
    const { log, reads } = logWith((offset) => [messages(offset, expiring)]);
    const cache = new BatchCache(core, inflate);
    const page = await cache.packets(log, 10, form("x"));
    expect(page).toMatchObject({ nextOffset: 10, end: 20, isAll: false, runs: [] });
    await cache.packets(log, 10, form("x"));
    expect([reads, cache.bytes]).toEqual([[10, 10], 0]);
  });

  it("uses the memory of a page that it does not keep any more", async () => {
    const { log } = logWith((offset) => [messages(offset)]);
    const { bytes } = await new BatchCache(core, inflate).packets(log, 0, form("x")) as unknown as {
      bytes: number;
    };
    const cache = new BatchCache(core, inflate, 2 * bytes);
    const pages = [];
    for (const offset of [0, 10, 20]) pages.push(await cache.packets(log, offset, form("x")));
    expect(pages.map(({ isGone }) => isGone)).toEqual([true, false, false]);
  });

  it("prepare() reads what is asked for next, once, and keeps its troubles to itself", async () => {
    const { log, reads } = logWith((offset) => [messages(offset)]);
    const cache = new BatchCache(core, inflate);
    cache.prepare(log, 10, form("x"));
    cache.prepare(log, 10, form("x"));
    expect(await cache.packets(log, 10, form("x"))).toMatchObject({ from: 10, nextOffset: 20 });
    cache.prepare(log, 10, form("x"));
    cache.prepare(log, log.highWatermark, form("x"));
    expect(reads).toEqual([10]);
    const broken = {
      ...log,
      read: () => Promise.reject(new OperatingError("storage_failed", "Cannot read")),
    };
    cache.prepare(broken, 50, form("x"));
    await expect(cache.packets(broken, 50, form("x"))).rejects.toThrow("Cannot read");
    for (let offset = 20; offset < 120; offset += 10) cache.prepare(log, offset, form("x"));
    await cache.packets(log, 20, form("x"));
    expect(reads.length, "a few at a time").toBe(1 + MQTT_BEHIND_READS_MAX);
  });
});
