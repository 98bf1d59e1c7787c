/** What every assignor does, whoever subscribes to what. */
import { expect, it } from "vitest";
import type { TopicPartition } from "../../src/groups/group_api.ts";
import type { Assignor, PartitionCounts, Subscriber } from "../../src/groups/assignors/assignor.ts";
import { diceOf, pick } from "../support/dice.ts";

const SEEDS = 500;
const TOPICS = ["a", "b", "c", "d"];

export function assignorContract(assign: Assignor): void {
  it("gives every partition to exactly one member that subscribed to its topic", () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { subscribers, partitions } = drawn(seed);
      const assigned = assign(subscribers, partitions);
      const places = [...assigned.values()].flat().map(placeOf);
      expect(places.toSorted(), `seed ${seed}`).toEqual(wanted(subscribers, partitions));
      for (const { memberId, topics } of subscribers) {
        const own = assigned.get(memberId);
        expect(own, `seed ${seed}`).toBeDefined();
        expect(own!.every(({ topic }) => topics.includes(topic)), `seed ${seed}`).toBe(true);
      }
      expect(assigned.size).toBe(subscribers.length);
    }
  });

  it("says the same whoever of them is named first", () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { subscribers, partitions } = drawn(seed);
      const [one, other] = [subscribers, subscribers.toReversed()].map((each) =>
        [...assign(each, partitions)].map(([id, own]) => [id, own.map(placeOf).toSorted()])
          .toSorted()
      );
      expect(one, `seed ${seed}`).toEqual(other);
    }
  });

  it("gives nothing where there is nothing, and nothing of topics that are not there", () => {
    expect(assign([], new Map([["a", 3]])).size).toBe(0);
    expect(assign([subscriber("m", ["a", "gone"])], new Map())).toEqual(new Map([["m", []]]));
  });

  it("gives a static member the same whatever its id is", () => {
    const partitions = new Map([["a", 5]]);
    const shares = ["m1", "m9"].map((id) =>
      assign([{ ...subscriber(id, ["a"]), instanceId: "i" }, subscriber("m5", ["a"])], partitions)
        .get(id)
    );
    expect(shares[0]).toEqual(shares[1]);
  });
}

export function subscriber(
  memberId: string,
  topics: readonly string[],
  owned: readonly TopicPartition[] = [],
): Subscriber {
  return { memberId, instanceId: null, topics, owned };
}

export function placeOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

/** Members with any subscriptions; what they say they own may be anything, and contradict itself. */
export function drawn(seed: number) {
  const dice = diceOf(seed);
  const partitions = new Map(
    TOPICS.filter(() => dice() < 0.8).map((topic) => [topic, Math.floor(dice() * 9)]),
  );
  const subscribers = Array.from({ length: 1 + Math.floor(dice() * 6) }, (_, at) =>
    subscriber(
      `m${at}`,
      TOPICS.filter(() => dice() < 0.6),
      Array.from({ length: Math.floor(dice() * 6) }, () => ({
        topic: pick(dice, TOPICS),
        partition: Math.floor(dice() * 12),
      })),
    ));
  return { subscribers, partitions, dice };
}

export function wanted(
  subscribers: readonly Subscriber[],
  partitions: PartitionCounts,
): string[] {
  const topics = new Set(subscribers.flatMap((each) => each.topics));
  return [...topics]
    .flatMap((topic) =>
      Array.from(
        { length: partitions.get(topic) ?? 0 },
        (_, partition) => placeOf({ topic, partition }),
      )
    )
    .toSorted();
}
