import { describe, expect, it } from "vitest";
import type { Subscriber } from "../../../src/groups/assignors/assignor.ts";
import { assignSticky } from "../../../src/groups/assignors/sticky.ts";
import { assignorContract, drawn, placeOf, subscriber } from "../../contract/assignor.ts";

const SEEDS = 500;

describe("assignSticky()", () => {
  assignorContract(assignSticky);

  it("is even to within one where all subscribe to the same", () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { subscribers, partitions } = drawn(seed);
      const same = subscribers.map((each): Subscriber => ({ ...each, topics: ["a", "b"] }));
      const counts = [...assignSticky(same, partitions).values()].map((own) => own.length);
      expect(Math.max(...counts) - Math.min(...counts), `seed ${seed}`).toBeLessThanOrEqual(1);
    }
  });

  it("is as even as single moves make it where they do not", () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { subscribers, partitions } = drawn(seed);
      const assigned = assignSticky(subscribers, partitions);
      for (const { memberId } of subscribers) {
        const own = assigned.get(memberId)!;
        for (const { topic } of own) {
          for (const other of subscribers.filter(({ topics }) => topics.includes(topic))) {
            const theirs = assigned.get(other.memberId)!.length;
            expect(own.length - theirs, `seed ${seed}`).toBeLessThanOrEqual(1);
          }
        }
      }
    }
  });

  it("moves nothing when nothing has changed", () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { subscribers, partitions } = drawn(seed);
      const first = assignSticky(subscribers, partitions);
      const again = assignSticky(
        subscribers.map((each) => ({ ...each, owned: first.get(each.memberId)! })),
        partitions,
      );
      const texts = (assigned: typeof first) =>
        [...assigned].map(([id, own]) => [id, own.map(placeOf).toSorted()]);
      expect(texts(again), `seed ${seed}`).toEqual(texts(first));
    }
  });

  it("leaves those that stay what they had, and takes for a new one only what must go", () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { subscribers, partitions } = drawn(seed);
      const all = subscribers.map((each): Subscriber => ({ ...each, topics: ["a", "b", "c"] }));
      const before = assignSticky(all, partitions);
      const owning = all.map((each) => ({ ...each, owned: before.get(each.memberId)! }));

      const left = assignSticky(owning.slice(1), partitions);
      for (const { memberId } of owning.slice(1)) {
        const kept = new Set(left.get(memberId)!.map(placeOf));
        const had = before.get(memberId)!.map(placeOf);
        expect(had.filter((place) => !kept.has(place)), `seed ${seed}`).toEqual([]);
      }

      const came = assignSticky([...owning, subscriber("new", ["a", "b", "c"])], partitions);
      const moved = owning.flatMap(({ memberId }) => {
        const has = new Set(came.get(memberId)!.map(placeOf));
        return before.get(memberId)!.filter((each) => !has.has(placeOf(each)));
      });
      expect(moved.length, `seed ${seed}`).toBe(came.get("new")!.length);
    }
  });

  it("takes what two claim for the one's, and what nobody may have from nobody", () => {
    const owned = [{ topic: "a", partition: 0 }, { topic: "gone", partition: 0 }];
    const assigned = assignSticky(
      [subscriber("m", ["a"], owned), subscriber("n", ["a"], owned)],
      new Map([["a", 2]]),
    );
    expect(assigned.get("m")).toEqual([{ topic: "a", partition: 0 }]);
    expect(assigned.get("n")).toEqual([{ topic: "a", partition: 1 }]);
  });
});
