import { expect, it } from "vitest";
import { OperatingError } from "../../src/base/errors.ts";
import { Gathering, type SealedBatch } from "../../src/store/commit.ts";
import type { PartitionLog } from "../../src/store/partition_log.ts";

const log = {} as PartitionLog;

function batch(baseOffset: number, nextOffset: number): SealedBatch {
  return {
    ...{ bytes: new Uint8Array(10), baseOffset, nextOffset, crc: 0 },
    ...{ minTimestamp: 0, maxTimestamp: 0, wanted: false },
  };
}

it("release() tells each waiter once what the commit made durable", () => {
  const gathering = new Gathering();
  gathering.add(batch(5, 8));
  gathering.add(batch(8, 9));
  const calls: unknown[] = [];
  const waiter = { committed: (...told: unknown[]) => void calls.push(told) };
  gathering.waiters.add(waiter);
  gathering.waiters.add(waiter);
  gathering.release(log, null);
  expect(calls).toEqual([[log, null, { baseOffset: 5, lastOffset: 8 }]]);
  expect(gathering.bytes).toBe(20);
});

it("release() tells the trouble, and nothing else", () => {
  const gathering = new Gathering();
  gathering.add(batch(5, 8));
  const calls: unknown[] = [];
  gathering.waiters.add({ committed: (...told) => void calls.push(told) });
  const error = new OperatingError("storage_full", "Cannot write");
  gathering.release(log, error);
  expect(calls).toEqual([[log, error, null]]);
});
