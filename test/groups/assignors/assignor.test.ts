import { expect, it } from "vitest";
import { compareTexts, inOrder } from "../../../src/groups/assignors/assignor.ts";
import { subscriber } from "../../contract/assignor.ts";

it("inOrder() sorts by the instance where there is one, by the member where there is none", () => {
  const named = { ...subscriber("z", []), instanceId: "a" };
  const ordered = inOrder([subscriber("c", []), named, subscriber("b", [])]);
  expect(ordered.map(({ memberId }) => memberId)).toEqual(["z", "b", "c"]);
});

it("compareTexts() orders by code units, wherever the machine stands", () => {
  expect(["b", "a", "B", "ä"].toSorted(compareTexts)).toEqual(["B", "a", "b", "ä"]);
  expect(compareTexts("a", "a")).toBe(0);
});
