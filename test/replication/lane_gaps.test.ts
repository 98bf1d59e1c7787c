/** Reasons of gaps: the cases by name, then the law (no holes, in order) over seeded random facts. */
import { describe, expect, it } from "vitest";
import { type GapFacts, reasonsFor } from "../../src/replication/lane_gaps.ts";

const none: GapFacts = { goneBelow: 0, elsewhere: [], ledgered: [], taken: [] };
const entry = (from: number, to: number) => ({
  from,
  to,
  reason: "evicted" as const,
  bytes: 100,
  minTimestamp: 5,
  maxTimestamp: 9,
});
const brief = (facts: GapFacts) =>
  reasonsFor({ from: 10, to: 30 }, facts).map(({ from, to, reason }) => `${from}-${to} ${reason}`);

describe("reasonsFor()", () => {
  it("tells what was evicted from what the receiver lost", () => {
    expect(brief({ ...none, goneBelow: 30, elsewhere: [], ledgered: [entry(18, 28)] })).toEqual(
      [
        "10-18 lost_at_receiver",
        "18-28 evicted",
        "28-30 lost_at_receiver",
      ],
    );
  });

  it("calls damaged what should be here and is not", () => {
    expect(brief({ ...none, goneBelow: 12, elsewhere: [] })).toEqual([
      "10-12 lost_at_receiver",
      "12-30 corrupt",
    ]);
  });

  it("calls void what records of other logs took, and only that", () => {
    expect(brief({ ...none, taken: [{ from: 5, to: 12 }, { from: 20, to: 40 }] })).toEqual([
      "10-12 void",
      "12-20 corrupt",
      "20-30 void",
    ]);
  });

  it("calls void what went undelivered and unledgered from among records of others", () => {
    const facts = { ...none, goneBelow: 28, voidFrom: 15, ledgered: [entry(20, 22)] };
    expect(brief({ ...facts, elsewhere: [{ from: 25, to: 26 }] })).toEqual([
      "10-15 lost_at_receiver",
      "15-20 void",
      "20-22 evicted",
      "22-25 void",
      "25-26 elsewhere",
      "26-28 void",
      "28-30 corrupt",
    ]);
  });

  it("calls lost what the upstream alone was said to hold, and names the others else", () => {
    const [here, other] = ["a".repeat(16), "b".repeat(16)];
    const elsewhere = [
      { from: 10, to: 20, holders: [here] },
      { from: 15, to: 18, holders: [other] },
      { from: 20, to: 25, holders: [other] },
      { from: 25, to: 30 },
    ];
    const parts = reasonsFor({ from: 10, to: 30 }, { ...none, elsewhere, upstream: here });
    expect(parts.map(({ from, to, reason, holders }) => [from, to, reason, holders])).toEqual([
      [10, 15, "lost_at_receiver", undefined],
      [15, 18, "elsewhere", [other]],
      [18, 20, "lost_at_receiver", undefined],
      [20, 25, "elsewhere", [other]],
      [25, 30, "elsewhere", undefined],
    ]);
  });

  it("keeps the parts of different entries apart, with their share of the facts", () => {
    const ledgered = [entry(0, 20), entry(20, 30)];
    expect(reasonsFor({ from: 10, to: 30 }, { ...none, ledgered })).toEqual([
      {
        from: 10,
        to: 20,
        reason: "evicted",
        facts: { bytes: 50, minTimestamp: 5, maxTimestamp: 9 },
        ledgered: true,
      },
      {
        from: 20,
        to: 30,
        reason: "evicted",
        facts: { bytes: 100, minTimestamp: 5, maxTimestamp: 9 },
        ledgered: true,
      },
    ]);
  });

  it("covers every range once, in order, for any facts", () => {
    for (let seed = 1; seed <= 2_000; seed++) {
      const next = randomBelow(seed);
      const spans = () => {
        const cuts = Array.from({ length: 6 }, () => next(60)).sort((a, b) => a - b);
        return [0, 2, 4].map((at) => ({ from: cuts[at]!, to: cuts[at + 1]! }))
          .filter(({ from, to }) => from < to);
      };
      const from = next(40);
      const to = from + 1 + next(20);
      const parts = reasonsFor({ from, to }, {
        goneBelow: next(60),
        elsewhere: [],
        ledgered: spans().map((span) => ({ ...entry(0, 1), ...span })),
        taken: spans(),
      });
      const offsets = parts.flatMap((part) =>
        Array.from({ length: part.to - part.from }, (_, at) => part.from + at)
      );
      const all = Array.from({ length: to - from }, (_, at) => from + at);
      expect(offsets, `seed ${seed}`).toEqual(all);
    }
  });
});

/** A small generator (mulberry32) of whole numbers below a bound. */
function randomBelow(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}
