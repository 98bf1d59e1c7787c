import { expect, it } from "vitest";
import {
  groupNotEmpty,
  illegalGeneration,
  rebalanceInProgress,
  unknownMember,
} from "../../src/groups/group_troubles.ts";

it("troubles say what to do, and carry what is needed for it", () => {
  expect(rebalanceInProgress("g")).toMatchObject({
    ...{ code: "rebalance_in_progress", retriable: true, detail: { group: "g" } },
    message: "Cannot go on in group g: it is rebalancing; join again",
  });
  expect(rebalanceInProgress("g", "m").detail).toEqual({ group: "g", member_id: "m" });
  expect(illegalGeneration("g", 1, 2).detail).toEqual({ group: "g", generation: 2 });
  expect(groupNotEmpty("g", "delete", 1).message)
    .toBe("Cannot delete group g: it has 1 member, and only they may; stop them first");
});

it("what somebody sent is cut before it is shown", () => {
  expect(unknownMember("g".repeat(1_000), "m".repeat(1_000)).message.length).toBeLessThan(400);
});
