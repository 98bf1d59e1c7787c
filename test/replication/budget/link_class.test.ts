/** The order of classes. */
import { expect, it } from "vitest";
import { classNameOf, CONTROL, rankOf } from "../../../src/replication/budget/link_class.ts";

it("rankOf() puts control first, then priority, then live before backlog", () => {
  const classes = [
    CONTROL,
    { kind: "live", priority: 9 },
    { kind: "backlog", priority: 9 },
    { kind: "live", priority: 5 },
    { kind: "backlog", priority: 5 },
    { kind: "live", priority: 1 },
    { kind: "backlog", priority: 1 },
  ] as const;
  const ranks = classes.map(rankOf);
  expect(ranks).toEqual(ranks.toSorted((a, b) => b - a));
  expect(new Set(ranks).size).toBe(ranks.length);
});

it("classNameOf() names few classes, so that they can label a metric", () => {
  expect(classNameOf(CONTROL)).toBe("control");
  expect(classNameOf({ kind: "live", priority: 7 })).toBe("live-7");
});
