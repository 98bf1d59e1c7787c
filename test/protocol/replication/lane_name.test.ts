/** Lane names: there and back, and what is none. */
import { describe, expect, it } from "vitest";
import { laneNameOf, parseLaneName } from "../../../src/protocol/replication/lane_name.ts";

describe("parseLaneName()", () => {
  it("reads what laneNameOf() writes", () => {
    for (const lane of [{ topic: "logs", partition: 0 }, { topic: "a.b_c-d", partition: 1999 }]) {
      expect(parseLaneName(laneNameOf(lane))).toEqual(lane);
    }
  });

  it.each([
    "",
    "logs",
    "logs/",
    "/0",
    "logs/00",
    "logs/2000",
    "logs/-1",
    "a/b/0",
    "a b/0",
    "logs/0\n",
  ])(
    "refuses %j",
    (name) => expect(() => parseLaneName(name)).toThrow("Cannot read lane name"),
  );
});
