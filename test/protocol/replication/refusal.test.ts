/** Refusals: there and back, with and without what is optional. */
import { describe, expect, it } from "vitest";
import { Fields } from "../../../src/protocol/replication/fields.ts";
import { refusalOf, refusalToJson } from "../../../src/protocol/replication/refusal.ts";

describe("refusalOf()", () => {
  it("reads what refusalToJson() writes", () => {
    const full = {
      lane: "logs/0",
      logId: "00000000000000aa",
      code: "lane_out_of_order",
      detail: "Cannot append: expected 7",
      retriable: true,
      expected: 7,
      range: { from: 3, to: 7 },
    };
    const bare = { ...full, lane: null, logId: null, expected: null, range: null };
    for (const refusal of [full, bare]) {
      const json: unknown = JSON.parse(JSON.stringify(refusalToJson(refusal)));
      expect(refusalOf(new Fields(json, "answer"))).toEqual(refusal);
    }
  });

  it("cuts a detail that would not be read", () => {
    const refusal = {
      lane: null,
      logId: null,
      code: "storage_failed",
      detail: "x".repeat(10_000),
      retriable: true,
      expected: null,
    };
    expect(refusalOf(new Fields(refusalToJson(refusal), "answer")).detail).toHaveLength(2_048);
  });
});
