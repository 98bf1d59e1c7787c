/** Whose records a range holds: evictor.test.ts has the rest, over a whole store. */
import { describe, expect, it } from "vitest";
import type { OwnLogRow } from "../../src/store/catalogue.ts";
import { factsOf, ownShares } from "../../src/store/losses.ts";

describe("factsOf()", () => {
  const extents = [
    { from: 0, to: 10, bytes: 100, minTimestamp: 50, maxTimestamp: 60 },
    { from: 10, to: 12, bytes: 200, minTimestamp: 5, maxTimestamp: 7 },
    { from: 20, to: 30, bytes: 10, minTimestamp: 70, maxTimestamp: 99 },
  ];

  it("counts the part of each extent, and the times of those it touches", () => {
    expect(factsOf({ from: 5, to: 11 }, extents))
      .toEqual({ bytes: 150, minTimestamp: 5, maxTimestamp: 60 });
    expect(factsOf({ from: 20, to: 21 }, extents))
      .toEqual({ bytes: 1, minTimestamp: 70, maxTimestamp: 99 });
  });

  it("says nothing of what it knows nothing of", () => {
    const nothing = { bytes: 0, minTimestamp: -1, maxTimestamp: -1 };
    expect(factsOf({ from: 12, to: 20 }, extents)).toEqual(nothing);
    expect(factsOf({ from: 0, to: 5 }, [])).toEqual(nothing);
  });
});

describe("ownShares()", () => {
  it("parts a range by the runs of the partition", () => {
    const row = (logId: string, firstOffset: number) => ({ logId, firstOffset }) as OwnLogRow;
    const [first, second] = [row("1", 0), row("2", 10)];
    const logs = {
      chain: () => [first, second],
      endOf: (of: OwnLogRow, end: number) => of === first ? 10 : end,
    };
    const name = { topic: "logs", index: 0, handle: 0 };
    const shares = ownShares(logs, name, { from: 4, to: 15, extents: [] });
    expect(shares.map(({ logId, from, to }) => [logId, from, to])).toEqual([
      ["1", 4, 10],
      ["2", 10, 15],
    ]);
    expect(ownShares(logs, name, { from: 12, to: 15, extents: [] })).toHaveLength(1);
  });
});
