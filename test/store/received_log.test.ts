import { describe, expect, it } from "vitest";
import { RangeSet } from "../../src/store/range_set.ts";
import {
  addLost,
  type LostRange,
  lostWithin,
  newEntry,
  view,
} from "../../src/store/received_log.ts";

describe("view()", () => {
  it("tells what is durable from what is only queued", () => {
    const entry = newEntry(
      { logId: "a".repeat(16), firstOffset: 5, target: { topic: "logs", partition: 2 } },
      new RangeSet(5),
    );
    entry.committed.add(5, 9);
    entry.noted = entry.committed.copy();
    entry.noted.add(9, 12);
    const log = view(entry, {
      ...{ logId: "0".repeat(16), peer: "p", gateway: "site", topic: "t", partition: 1 },
      ...{ firstOffset: 5, predecessor: null, predecessorEnd: 0, root: "0".repeat(16) },
      ...{ targetTopic: "logs", targetPartition: 2, closed: null },
    });
    expect(log).toMatchObject({
      source: { topic: "t", partition: 1 },
      target: { topic: "logs", partition: 2 },
      watermark: 9,
      expected: 12,
      closed: false,
    });
  });
});

describe("addLost()", () => {
  it("keeps what is lost sorted and apart, and joins neighbours of one reason", () => {
    const lost: LostRange[] = [];
    const add = (from: number, to: number, reason = "evicted") =>
      addLost(lost, { from, to, reason });
    const told = () => lost.map(({ from, to, reason }) => `${from}-${to} ${reason}`);
    for (const at of [8, 0, 4, 2, 6]) add(at, at + 1);
    expect(told()).toEqual([0, 2, 4, 6, 8].map((at) => `${at}-${at + 1} evicted`));
    add(1, 2);
    add(3, 4, "corrupt");
    expect(told().slice(0, 3)).toEqual(["0-3 evicted", "3-4 corrupt", "4-5 evicted"]);
    add(2, 8);
    expect(told()).toEqual(["0-3 evicted", "3-4 corrupt", "4-9 evicted"]);
    add(12, 14);
    expect(lostWithin(lost, { from: 2, to: 5 })).toEqual([
      { from: 2, to: 3 },
      { from: 3, to: 4 },
      { from: 4, to: 5 },
    ]);
    expect(lostWithin(lost, { from: 9, to: 12 })).toEqual([]);
  });
});
