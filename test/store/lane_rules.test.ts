/** Which batches a lane may bring, case by case. The doors: conformance/replication_live_lanes.test.ts. */
import { describe, expect, it } from "vitest";
import { ISLANDS_MAX, OPEN_RANGES_MAX } from "../../src/base/limits.ts";
import { checkSkip, judgeBatch, type Openings } from "../../src/store/lane_rules.ts";
import { RangeSet } from "../../src/store/range_set.ts";

const logId = "00000000000000a1";

/** Received: 0 to 9, 20 to 29; 30 to 39 lies elsewhere. */
function judged(from: number, to: number, openings: Openings) {
  const set = new RangeSet(10, [{ from: 20, to: 30 }]);
  set.addOpen(30, 40, { by: "peer" });
  try {
    return judgeBatch({ logId, set, runs: 1, splices: 0 }, { from, to }, openings);
  } catch (error) {
    const { code, detail } = error as { code: string; detail: { expected?: number } };
    return `${code} ${detail.expected ?? ""}`.trim();
  }
}

describe("judgeBatch()", () => {
  it.each<[number, number, Openings, string]>([
    [0, 5, null, "duplicate"],
    [22, 30, null, "duplicate"],
    [10, 15, null, "append"],
    [12, 15, null, "lane_out_of_order 10"],
    [40, 45, null, "lane_out_of_order 10"],
    [8, 12, null, "batch_rejected"],
    [10, 21, null, "batch_rejected"],
    [25, 35, [20], "batch_rejected"],
    [30, 35, null, "append"],
    [33, 35, null, "lane_out_of_order 30"],
    [33, 35, [33], "append"],
    [33, 35, [31], "lane_out_of_order 30"],
    [10, 15, [], "append"],
    [50, 55, [], "lane_out_of_order 10"],
    [50, 55, [50], "append"],
    [52, 55, [50], "lane_out_of_order 50"],
    [40, 45, [20], "append"],
    [42, 45, [20], "lane_out_of_order 40"],
    [12, 15, [20], "lane_out_of_order 10"],
    [15, 18, [5, 12], "lane_out_of_order 12"],
    [12, 15, [5, 12], "append"],
  ])("takes %i to %i with openings %j: %s", (from, to, openings, expected) => {
    expect(judged(from, to, openings)).toBe(expected);
  });

  it("begins no island beyond the bound, and lets those there are grow", () => {
    const set = new RangeSet(10, [{ from: 20, to: 30 }]);
    const standing = { logId, set, runs: ISLANDS_MAX, splices: 0 };
    expect(judgeBatch(standing, { from: 30, to: 31 }, [20])).toBe("append");
    expect(() => judgeBatch(standing, { from: 50, to: 51 }, [50])).toThrow(
      expect.objectContaining({ code: "quota_exceeded", retriable: true }),
    );
  });

  it("cuts what lies elsewhere into so many pieces, and no more", () => {
    const set = new RangeSet(0);
    set.addOpen(0, 1e6, { by: "peer" });
    const take = (from: number) => {
      judgeBatch({ logId, set, runs: 0, splices: 0 }, { from, to: from + 1 }, [from]);
      set.add(from, from + 1);
    };
    for (let at = 1; at < OPEN_RANGES_MAX; at++) take(2 * at);
    expect(() => take(9e5)).toThrow(expect.objectContaining({ code: "quota_exceeded" }));
    take(0);
    take(1);
  });
});

describe("checkSkip()", () => {
  it("takes what lies next to something received, or in it", () => {
    const set = new RangeSet(10, [{ from: 20, to: 30 }]);
    const check = (from: number, to: number, openings: Openings) => () =>
      checkSkip({ logId, set, runs: 1, splices: 0 }, { from, to }, openings);
    expect(check(5, 50, null)).not.toThrow();
    expect(check(22, 25, null)).not.toThrow();
    expect(check(30, 35, [20])).not.toThrow();
    expect(check(25, 35, [20])).not.toThrow();
    expect(check(30, 35, null)).toThrow(expect.objectContaining({ code: "lane_out_of_order" }));
    expect(check(12, 15, [20])).toThrow(expect.objectContaining({ code: "lane_out_of_order" }));
  });
});
