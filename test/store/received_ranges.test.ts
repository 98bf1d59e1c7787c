/** Received ranges: what counts once, in which order, and what survives. */
import { describe, expect, it } from "vitest";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import type { AnnouncedLogRow } from "../../src/store/catalogue.ts";
import {
  type AnnouncedLog,
  type Loss,
  type LostRange,
  ReceivedRanges,
} from "../../src/store/received_ranges.ts";
import { testCore } from "../support/core.ts";
import { MemoryCatalogue } from "../support/memory_catalogue.ts";
import { turns } from "../support/replication_world.ts";

const core = testCore();
const A = "0123456789abcdef";
const B = "1123456789abcdef";

function announcement(more: Partial<AnnouncedLog> = {}): AnnouncedLog {
  return {
    logId: A,
    peer: "aaaaaaaaaaaaaaaa",
    gateway: "site",
    topic: "logs",
    partition: 0,
    firstOffset: 0,
    predecessor: null,
    predecessorEnd: 0,
    root: A,
    ...more,
  };
}

function open(catalogue = new MemoryCatalogue()) {
  const persisted: string[] = [];
  const losses: Loss[] = [];
  const ranges = new ReceivedRanges({
    catalogue,
    logger: SILENT_LOGGER,
    murmur2: (bytes) => core.murmur2(bytes),
    partitionsOf: () => Promise.resolve(8),
    persistSkips: (log, skips) => {
      for (const { from, to, reason, loss } of skips) {
        persisted.push(`${log.logId} ${from}-${to} ${reason} ${loss?.count ?? "void"}`);
        if (loss !== null) losses.push(loss);
      }
      return Promise.resolve();
    },
  });
  const receive = (logId: string, from: number, to: number) => {
    ranges.note(logId, from, to);
    ranges.settle(logId, { from, to }, true, to);
  };
  const skip = async (range: LostRange, known: Loss | null) => {
    const [lacking] = await ranges.skipRun(A, [{ ...range, loss: known }], {});
    return lacking;
  };
  return { ranges, persisted, losses, receive, skip };
}

describe("ReceivedRanges.skipRun()", () => {
  it("takes losses in a row at once, and what follows them another time", async () => {
    const { ranges, persisted } = open();
    await ranges.announce(announcement());
    const { firstOffset: at } = ranges.get(A)!;
    const loss = { count: 1, bytes: 1, minTimestamp: -1, maxTimestamp: -1 };
    const skips = [
      { from: at, to: at + 1, reason: "evicted", loss },
      { from: at + 1, to: at + 2, reason: "corrupt", loss },
      { from: at + 2, to: at + 3, reason: "void", loss: null },
    ];
    expect(await ranges.skipRun(A, skips, {})).toEqual([
      [{ from: at, to: at + 1 }],
      [{ from: at + 1, to: at + 2 }],
    ]);
    expect(persisted).toHaveLength(2);
    expect(await ranges.skipRun(A, skips.slice(2), {})).toEqual([[{ from: at + 2, to: at + 3 }]]);
    expect(ranges.get(A)!.watermark).toBe(at + 3);
  });
});

describe("ReceivedRanges.announce()", () => {
  it("binds a log to its peer and to a partition, for life", async () => {
    const catalogue = new MemoryCatalogue();
    const { ranges } = open(catalogue);
    await Promise.all([ranges.announce(announcement()), ranges.announce(announcement())]);
    const target = ranges.get(A)!.target;
    expect(target).toEqual({ topic: "logs", partition: core.murmur2(bytesOf(A)) % 8 });
    await expect(ranges.announce(announcement({ peer: "b".repeat(16) }))).rejects.toMatchObject({
      code: "peer_mismatch",
    });
    await ranges.announce(announcement({ logId: B, predecessor: A, root: A, firstOffset: 9 }));
    expect(ranges.get(B)!.target).toEqual(target);

    const { announcedLogs } = await catalogue.load();
    const { ranges: again } = open(catalogue);
    again.load(announcedLogs, ranges.checkpoint(() => undefined));
    expect(again.get(A)).toEqual(ranges.get(A));
    expect(again.get(B)).toEqual(ranges.get(B));
  });
});

describe("ReceivedRanges.judge()", () => {
  it("takes the next batch, knows a duplicate, and refuses what is ahead", async () => {
    const { ranges, receive } = open();
    await ranges.announce(announcement({ firstOffset: 5 }));
    expect(ranges.judge(A, { from: 5, to: 8 })).toBe("append");
    receive(A, 5, 8);
    expect(ranges.judge(A, { from: 5, to: 8 })).toBe("duplicate");
    expect(ranges.judge(A, { from: 8, to: 9 })).toBe("append");
    expect(() => ranges.judge(A, { from: 9, to: 10 })).toThrow(expect.objectContaining({
      code: "lane_out_of_order",
      detail: { log_id: A, expected: 8 },
    }));
    expect(() => ranges.judge(B, { from: 0, to: 1 })).toThrow(expect.objectContaining({
      code: "log_not_announced",
    }));
  });

  it("counts what is queued as expected, but not as held", async () => {
    const { ranges } = open();
    await ranges.announce(announcement());
    ranges.note(A, 0, 4);
    ranges.note(A, 4, 6);
    expect(ranges.judge(A, { from: 6, to: 7 })).toBe("append");
    expect(ranges.get(A)).toMatchObject({ watermark: 0, expected: 6 });
    ranges.settle(A, { from: 0, to: 4 }, true, 4);
    expect(ranges.get(A)).toMatchObject({ watermark: 4, expected: 6 });
    ranges.settle(A, { from: 4, to: 6 }, false);
    expect(ranges.get(A)).toMatchObject({ watermark: 4, expected: 4 });
    expect(ranges.judge(A, { from: 4, to: 6 })).toBe("append");
  });

  it("lets no successor in before its predecessor is whole", async () => {
    const { ranges, receive } = open();
    const successor = announcement({
      logId: B,
      predecessor: A,
      predecessorEnd: 10,
      firstOffset: 10,
    });
    await ranges.announce(announcement());
    await ranges.announce(successor);
    receive(A, 0, 7);
    expect(() => ranges.judge(B, { from: 10, to: 12 })).toThrow(expect.objectContaining({
      detail: { log_id: A, expected: 7 },
    }));
    receive(A, 7, 10);
    expect(ranges.judge(B, { from: 10, to: 12 })).toBe("append");
  });
});

describe("ReceivedRanges.skip()", () => {
  const loss = { count: 5, bytes: 15, minTimestamp: 1, maxTimestamp: 2 };

  it("answers about what went ahead of its predecessor, and takes nothing else of it", async () => {
    const { ranges, receive, persisted } = open();
    const chain = { logId: B, predecessor: A, predecessorEnd: 10, root: A, firstOffset: 10 };
    await ranges.announce(announcement());
    await ranges.announce(announcement(chain));
    receive(A, 0, 7);
    receive(B, 12, 16);
    const [asked, given] = [[12, 14], [10, 12]].map(([from, to]) => ({
      ...{ from: from!, to: to!, reason: "evicted", loss },
    }));
    expect(await ranges.skipRun(B, [asked!, given!], {})).toEqual([[]]);
    await expect(ranges.skipRun(B, [given!], {})).rejects.toMatchObject({
      detail: { log_id: A, expected: 7 },
    });
    expect(persisted).toEqual([]);
  });

  it("moves the watermark over what will never come, durably, and says what it lacked", async () => {
    const { ranges, receive, persisted, skip } = open();
    await ranges.announce(announcement());
    receive(A, 0, 5);
    const lacking = await skip({ from: 3, to: 8, reason: "evicted" }, loss);
    expect(lacking).toEqual([{ from: 5, to: 8 }]);
    expect(persisted).toEqual([`${A} 5-8 evicted 3`]);
    expect(ranges.get(A)).toMatchObject({
      watermark: 8,
      lost: [{ from: 5, to: 8, reason: "evicted" }],
    });
    expect(ranges.judge(A, { from: 5, to: 8 })).toBe("duplicate");
    expect(await skip({ from: 3, to: 8, reason: "evicted" }, loss)).toEqual([]);
    await skip({ from: 8, to: 9, reason: "void" }, null);
    expect(ranges.get(A)).toMatchObject({ watermark: 9, lost: [{ from: 5, to: 8 }] });
  });

  it("ledgers of a range what is lacking, and no more records or bytes than that", async () => {
    const { ranges, losses, receive, skip } = open();
    await ranges.announce(announcement());
    receive(A, 0, 3);
    const whole = { count: 10, bytes: 1_000, minTimestamp: 1, maxTimestamp: 2 };
    ranges.judge(A, { from: 6, to: 8 }, [6]);
    receive(A, 6, 8);
    const lacking = await skip({ from: 0, to: 10, reason: "evicted" }, whole);
    expect(lacking).toEqual([{ from: 3, to: 6 }, { from: 8, to: 10 }]);
    expect(losses).toMatchObject([{ count: 3, bytes: 300 }, { count: 2, bytes: 200 }]);
  });

  it("waits for what is queued, and refuses what is ahead", async () => {
    const { ranges, skip } = open();
    await ranges.announce(announcement());
    ranges.note(A, 0, 5);
    const skipping = skip({ from: 5, to: 6, reason: "evicted" }, loss);
    ranges.settle(A, { from: 0, to: 5 }, true, 5);
    expect(await skipping).toEqual([{ from: 5, to: 6 }]);
    await expect(skip({ from: 9, to: 10, reason: "evicted" }, loss)).rejects
      .toMatchObject({ code: "lane_out_of_order" });
  });
});

describe("ReceivedRanges.checkpoint()", () => {
  it("leaves out a log that is whole and has a successor: the catalogue holds it", async () => {
    const catalogue = new MemoryCatalogue();
    const { ranges, receive } = open(catalogue);
    await ranges.announce(announcement());
    receive(A, 0, 10);
    expect(ranges.checkpoint(() => undefined).length).toBe(1);
    await ranges.announce(announcement({ logId: B, predecessor: A, predecessorEnd: 10 }));
    await new Promise((resolve) => setTimeout(resolve));
    expect(ranges.checkpoint(() => undefined).map(({ logId }) => logId)).toEqual([B]);
    expect(ranges.get(A)!.closed).toBe(true);

    const { announcedLogs } = await catalogue.load();
    const { ranges: again } = open(catalogue);
    again.load(announcedLogs, ranges.checkpoint(() => undefined));
    expect(again.get(A)).toMatchObject({ watermark: 10, closed: true });
    expect(again.judge(A, { from: 3, to: 10 })).toBe("duplicate");
  });

  it("closes a log and takes another path of it at once, and a start knows of both", async () => {
    const pathKey = "c".repeat(32);
    const other = announcement({ peer: "b".repeat(16), pathKey });
    const successor = announcement({ logId: B, predecessor: A, predecessorEnd: 10, root: A });
    for (const isClosedFirst of [true, false]) {
      const catalogue = new MemoryCatalogue();
      catalogue.delay = () => turns();
      const { ranges, receive } = open(catalogue);
      await ranges.announce(announcement({ pathKey }));
      await ranges.announce(successor);
      if (isClosedFirst) receive(A, 0, 10);
      const announcing = ranges.announce(other);
      if (!isClosedFirst) receive(A, 0, 10);
      await announcing;
      await turns();
      await turns();

      const { announcedLogs } = await catalogue.load();
      const { ranges: again } = open(catalogue);
      again.load(announcedLogs, ranges.checkpoint(() => undefined));
      const known = { watermark: 10, closed: true, paths: ["a".repeat(16), "b".repeat(16)] };
      expect(again.get(A)).toMatchObject(known);
    }
  });

  it("takes a log in again that goes on behind the end its successor named: a copied card", async () => {
    const catalogue = new MemoryCatalogue();
    const { ranges, receive } = open(catalogue);
    await ranges.announce(announcement());
    receive(A, 0, 10);
    await ranges.announce(announcement({ logId: B, predecessor: A, predecessorEnd: 10 }));
    await new Promise((resolve) => setTimeout(resolve));
    const { announcedLogs } = await catalogue.load();
    receive(A, 10, 15);
    const checkpoint = ranges.checkpoint(() => undefined);
    expect(checkpoint.map(({ logId, watermark }) => [logId, watermark])).toContainEqual([A, 15]);

    for (let start = 0; start < 2; start++) {
      const { ranges: again } = open(catalogue);
      again.load(announcedLogs, checkpoint);
      expect(again.judge(A, { from: 10, to: 15 })).toBe("duplicate");
      expect(again.checkpoint(() => undefined)).toContainEqual(checkpoint[0]);
    }
  });

  it("holds a log that went on while it was being closed", async () => {
    const catalogue = new MemoryCatalogue();
    const { ranges, receive } = open(catalogue);
    await ranges.announce(announcement());
    await ranges.announce(
      announcement({ logId: B, predecessor: A, predecessorEnd: 3, root: A, firstOffset: 3 }),
    );
    // Its directory was copied: one of the two went on with a run of its own, the other did not.
    receive(A, 0, 3);
    ranges.note(A, 3, 5);
    ranges.note(A, 5, 6);
    ranges.settle(A, { from: 3, to: 5 }, true, 5);
    ranges.settle(A, { from: 5, to: 6 }, false);
    await turns();
    const held = ranges.checkpoint(() => undefined).find(({ logId }) => logId === A);
    expect(held).toMatchObject({ watermark: 5 });
  });
});

describe("ReceivedRanges.scanned()", () => {
  it("adds what the log holds past the checkpoint, and keeps what nobody announced", async () => {
    const { ranges, receive } = open();
    await ranges.announce(announcement());
    receive(A, 0, 4);
    const checkpoint = ranges.checkpoint(() => undefined);
    const row: AnnouncedLogRow = {
      ...announcement(),
      targetTopic: "logs",
      targetPartition: 3,
      closed: null,
    };
    const { ranges: again } = open();
    again.load([row], checkpoint);
    const log = { topic: "logs", index: 3, handle: 0 };
    const header = {
      ...{ baseOffset: 100, sizeBytes: 0, leaderEpoch: 0, crc: 0, attributes: 0, lastOffset: 102 },
      ...{ baseTimestamp: 0, maxTimestamp: 0, recordsCount: 3, logId: A, sourceOffset: 4 },
    };
    again.scanned(log, header);
    again.scanned(log, header);
    expect(again.get(A)!.watermark).toBe(7);
    again.scanned(log, { ...header, logId: B, sourceOffset: 20 });
    expect(again.get(B)).toBeUndefined();
    await again.announce(announcement({ logId: B, firstOffset: 20 }));
    expect(again.get(B)).toMatchObject({ watermark: 23, target: { partition: 3 } });
  });
});

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from({ length: 8 }, (_, at) => parseInt(hex.slice(2 * at, 2 * at + 2), 16));
}
