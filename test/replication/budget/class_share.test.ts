/** Whose turn it is: by rank, with a floor. Exhaustive over a long run, so no seed. */
import { describe, expect, it } from "vitest";
import { ClassShare } from "../../../src/replication/budget/class_share.ts";

/** Bytes each class got of 200,000 turns, when all want to send all the time. */
function shares(wanting: readonly { readonly rank: number; readonly bytes: number }[]) {
  const share = new ClassShare();
  const got = new Map(wanting.map(({ rank }) => [rank, 0]));
  for (let turn = 0; turn < 200_000; turn++) {
    const next = share.next(wanting)!;
    got.set(next.rank, got.get(next.rank)! + next.bytes);
    share.sent(next.rank, next.bytes, wanting.map(({ rank }) => rank));
  }
  const total = [...got.values()].reduce((a, b) => a + b, 0);
  return wanting.map(({ rank }) => got.get(rank)! / total);
}

describe("ClassShare", () => {
  it("has nobody to choose among none", () => {
    expect(new ClassShare().next([])).toBeNull();
  });

  it("gives the link to the best, and a floor to the rest", () => {
    const [best, rest] = shares([{ rank: 11, bytes: 1_000 }, { rank: 10, bytes: 1_000 }]);
    expect(rest).toBeGreaterThan(0.045);
    expect(rest).toBeLessThan(0.055);
    expect(best! + rest!).toBe(1);
  });

  it("gives each its floor, whatever the sizes", () => {
    const all = shares([
      { rank: 11, bytes: 700 },
      { rank: 10, bytes: 64_000 },
      { rank: 4, bytes: 100 },
      { rank: 2, bytes: 1_000_000 },
    ]);
    for (const floor of all.slice(1)) expect(floor).toBeGreaterThan(0.04);
    expect(all[0]).toBeGreaterThan(0.8);
  });

  it("leaves the best at least half, however many there are", () => {
    const all = shares(Array.from({ length: 19 }, (_, at) => ({ rank: at, bytes: 1_000 })));
    expect(all.at(-1)).toBeGreaterThan(0.48);
    expect(Math.min(...all)).toBeGreaterThan(0.02);
  });

  it("lets nobody save up while it has nothing to send", () => {
    const share = new ClassShare();
    for (let turn = 0; turn < 1_000; turn++) share.sent(11, 1_000, [10]);
    share.sent(11, 1_000, []);
    expect(share.next([{ rank: 11, bytes: 1 }, { rank: 10, bytes: 1 }])).toMatchObject({
      rank: 11,
    });
  });
});
