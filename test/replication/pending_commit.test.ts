/** Queued batches count with their commit, or are forgotten with it. */
import { describe, expect, it } from "vitest";
import { OperatingError } from "../../src/base/errors.ts";
import { PendingCommit } from "../../src/replication/pending_commit.ts";
import { openStore } from "../support/stores.ts";

const logId = "00000000000000aa";

async function announced() {
  const { store } = await openStore();
  await store.ranges.announce({
    logId,
    peer: "peer",
    gateway: "gateway",
    topic: "logs",
    partition: 0,
    firstOffset: 0,
    predecessor: null,
    predecessorEnd: 0,
    root: logId,
  });
  return { ranges: store.ranges, log: store.topic("logs")!.partitions[0]! };
}

describe("PendingCommit", () => {
  it("moves the watermark when the disk has the batches, and not before", async () => {
    const { ranges, log } = await announced();
    const commit = new PendingCommit(ranges, 0);
    commit.add({ logId, from: 0, to: 5, localEnd: 5 });
    commit.add({ logId, from: 5, to: 7, localEnd: 7 });
    expect(ranges.get(logId)).toMatchObject({ watermark: 0, expected: 7 });
    commit.committed(log, null);
    expect(await commit.done).toBeNull();
    expect(ranges.get(logId)).toMatchObject({ watermark: 7, expected: 7 });
  });

  it("forgets them when they are given up", async () => {
    const { ranges, log } = await announced();
    const commit = new PendingCommit(ranges, 0);
    commit.add({ logId, from: 0, to: 5, localEnd: 5 });
    const full = new OperatingError("storage_full", "Cannot write: full");
    commit.committed(log, full);
    expect(await commit.done).toBe(full);
    expect(ranges.get(logId)).toMatchObject({ watermark: 0, expected: 0 });
  });
});
