/** The tree against TopicFilter: all filters and names of a small alphabet, then random churn. */
import { describe, expect, it } from "vitest";
import { SubscriptionTree } from "../../../../src/ingress/mqtt/delivery/subscription_tree.ts";
import { TopicFilter } from "../../../../src/protocol/mqtt/topic_filter.ts";
import { diceOf, pick } from "../../../support/dice.ts";

const LEVELS = ["", "a", "b", "$s"];

function combinations(levels: readonly string[], depth: number): string[] {
  let all = levels.map((level) => level);
  let last = all;
  for (let at = 1; at < depth; at++) {
    last = last.flatMap((head) => levels.map((level) => `${head}/${level}`));
    all = [...all, ...last];
  }
  return all.filter((text) => text !== "");
}

const NAMES = combinations(LEVELS, 3);
const FILTERS = combinations([...LEVELS, "+"], 3).flatMap((filter) => [filter, `${filter}/#`]);
FILTERS.push("#");

describe("SubscriptionTree.match()", () => {
  it("finds exactly the filters that match, of all there are", () => {
    const tree = new SubscriptionTree<string>();
    for (const filter of FILTERS) tree.add(filter, filter);
    const parsed = FILTERS.map((filter) => TopicFilter.parse(filter));
    for (const name of NAMES) {
      const expected = parsed.filter((filter) => filter.matches(name)).map(({ text }) => text);
      expect(tree.match(name).sort(), name).toEqual(expected.sort());
    }
  });

  it("finds each of several entries with one filter, and an entry under several", () => {
    const tree = new SubscriptionTree<number>();
    tree.add("a", 1);
    tree.add("a", 2);
    tree.add("+", 1);
    tree.add("a", 1);
    expect(tree.size).toBe(3);
    expect(tree.match("a").sort()).toEqual([1, 1, 2]);
  });
});

describe("SubscriptionTree.remove()", () => {
  it("leaves what others subscribed to, whatever the order", () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const dice = diceOf(seed);
    const tree = new SubscriptionTree<string>();
    const held = new Set<string>();
    for (let step = 0; step < 4_000; step++) {
      const filter = pick(dice, FILTERS);
      const before = tree.version;
      if (dice() < 0.5) {
        tree.add(filter, filter);
        expect(tree.version !== before, `seed ${seed}`).toBe(!held.has(filter));
        held.add(filter);
      } else {
        tree.remove(filter, filter);
        held.delete(filter);
      }
      expect(tree.size, `seed ${seed}`).toBe(held.size);
      const name = pick(dice, NAMES);
      const expected = [...held].filter((text) => TopicFilter.parse(text).matches(name));
      expect(tree.match(name).sort(), `seed ${seed} ${name}`).toEqual(expected.sort());
    }
  });

  it("forgets nothing that was never there", () => {
    const tree = new SubscriptionTree<string>();
    tree.add("a/b", "x");
    for (const filter of ["a", "a/b/c", "a/+", "a/b"]) tree.remove(filter, "y");
    expect(tree.match("a/b")).toEqual(["x"]);
  });
});
