import { expect, it } from "vitest";
import type { Checkpoint } from "../../../src/format/checkpoint.ts";
import { Identities } from "../../../src/store/check/identities.ts";

it("knows the logs of catalogue and checkpoint, and where own ones stand", () => {
  const own = { logId: "aa", firstOffset: 0, predecessor: null, predecessorEnd: 0, root: "aa" };
  const checkpoint = {
    ownLogs: new Map([["logs-1", [own]]]),
    ranges: [{ logId: "bb" }],
  } as unknown as Checkpoint;
  const identities = new Identities(null, checkpoint);
  expect(identities.isOwn({ topic: "logs", index: 1 }, "aa")).toBe(true);
  expect(identities.isOwn({ topic: "logs", index: 0 }, "aa")).toBe(false);
  expect(identities.isReceived(null, "bb")).toBe(true);
  expect([identities.knows("aa"), identities.knows("bb"), identities.knows("cc")])
    .toEqual([true, true, false]);
  expect(identities.isEmpty).toBe(false);
  expect(new Identities(null, null).isEmpty).toBe(true);
});
