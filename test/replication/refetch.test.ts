/** Finding the batches of one log among those of many, in whatever order they came. */
import { beforeEach, describe, expect, it } from "vitest";
import { readBatchHeader } from "../../src/format/record_batch.ts";
import { Refetch } from "../../src/replication/refetch.ts";
import type { PartitionLog } from "../../src/store/partition_log.ts";
import type { ReceivedLog } from "../../src/store/received_log.ts";
import type { Store } from "../../src/store/store.ts";
import { batchOf } from "../support/batches.ts";
import { diceOf } from "../support/dice.ts";
import { openStore } from "../support/stores.ts";

const LOG = "00000000000000a1";
const REQUEST = { session: "s".repeat(32), logId: LOG, maxBytes: 100_000, searchFrom: null };

let store: Store;
let log: PartitionLog;
let refetch: Refetch;
let lost: { from: number; to: number; reason: string }[];

beforeEach(async () => {
  lost = [];
  store = (await openStore()).store;
  log = (await store.createTopic("logs")).partitions[0]!;
  refetch = new Refetch({
    find: (logId) =>
      logId === LOG
        ? { paths: ["gw"], watermark: 1_000_000, islands: [], lost } as unknown as ReceivedLog
        : undefined,
    partition: () => log,
  });
});

async function receive(logId: string, from: number, records: number): Promise<void> {
  const values = Array.from({ length: records }, (_, at) => `${from + at} ${"x".repeat(50)}`);
  const batch = batchOf(store.core, values, { baseOffset: from, logId });
  await new Promise<void>((resolve, reject) => {
    const committed = (_log: unknown, error: unknown) => error === null ? resolve() : reject(error);
    log.appendReplicated(batch, { committed });
  });
}

function rangesIn(batches: Uint8Array): [number, number][] {
  const ranges: [number, number][] = [];
  for (let at = 0; at < batches.length;) {
    const { sizeBytes, sourceOffset, baseOffset, lastOffset } = readBatchHeader(batches, at);
    ranges.push([sourceOffset, sourceOffset + lastOffset - baseOffset + 1]);
    at += sizeBytes;
  }
  return ranges;
}

/** Asks until it has all, or was everywhere. */
async function find(
  from: number,
  to: number,
): Promise<{ found: [number, number][]; asks: number }> {
  const found: [number, number][] = [];
  let searchFrom: number | null = null;
  for (let asks = 1;; asks++) {
    const at = found.at(-1)?.[1] ?? from;
    const answer = await refetch.fetch({ ...REQUEST, from: at, to, searchFrom }, "gw");
    found.push(...rangesIn(answer.batches));
    searchFrom = answer.searchFrom;
    if (searchFrom === null || asks > 100) return { found, asks };
  }
}

describe("Refetch.fetch()", () => {
  it("finds a range at once where the log stands in order, among others", async () => {
    for (let at = 0; at < 60; at++) {
      await receive(LOG, at * 4, 4);
      await receive("00000000000000b2", at * 3, 3);
    }
    for (const from of [0, 4, 100, 232]) {
      const { found, asks } = await find(from, from + 8);
      expect(found, `from ${from}`).toEqual([[from, from + 4], [from + 4, from + 8]]);
      expect(asks).toBe(1);
    }
  });

  it("finds what arrived as backlog behind live records, in any order", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const dice = diceOf(seed);
      const starts = Array.from({ length: 12 }, (_, at) => seed * 1_000 + at * 2);
      for (const start of starts.toSorted(() => dice() - 0.5)) await receive(LOG, start, 2);
      for (const start of starts) {
        const { found } = await find(start, start + 2);
        expect(found, `seed ${seed}`).toEqual([[start, start + 2]]);
      }
    }
  });

  it("gives what fits, and says where it goes on", async () => {
    for (let at = 0; at < 10; at++) await receive(LOG, at, 1);
    const answer = await refetch.fetch({ ...REQUEST, from: 2, to: 9, maxBytes: 300 }, "gw");
    expect(rangesIn(answer.batches)).toEqual([[2, 3], [3, 4]]);
    expect(answer.searchFrom).toBe(4);
    // At least one, however large.
    const one = await refetch.fetch({ ...REQUEST, from: 2, to: 9, maxBytes: 1 }, "gw");
    expect(rangesIn(one.batches)).toEqual([[2, 3]]);
  });

  it("says when there is none", async () => {
    await receive(LOG, 0, 4);
    await receive(LOG, 10, 4);
    expect(await find(4, 10)).toMatchObject({ found: [] });
    // Parts of batches are no use.
    expect(await find(1, 4)).toMatchObject({ found: [] });
  });

  it("does not look for what the books say never came", async () => {
    await receive(LOG, 0, 4);
    const reads: number[] = [];
    const read = log.read.bind(log);
    log.read = (offset, options) => {
      reads.push(offset);
      return read(offset, options);
    };
    lost = [{ from: 0, to: 8, reason: "evicted" }];
    expect(await find(4, 8)).toEqual({ found: [], asks: 1 });
    expect(await find(2_000_000, 2_000_004)).toEqual({ found: [], asks: 1 });
    expect(reads).toEqual([]);
  });

  it("tells a peer only of logs it announced itself", async () => {
    const request = { ...REQUEST, from: 0, to: 1 };
    await expect(refetch.fetch(request, "other")).rejects.toMatchObject({
      code: "log_not_announced",
    });
    await expect(refetch.fetch({ ...request, logId: "b".repeat(16) }, "gw")).rejects.toThrow();
  });
});
