import { expect, it } from "vitest";
import { damage, note } from "../../../src/store/check/finding.ts";

it("makes damage, with what is done about it, and notes without", () => {
  expect(damage("a_b", "file", "It is gone.", "It is made again.")).toEqual({
    ...{ code: "a_b", severity: "damage", place: "file", text: "It is gone." },
    repair: "It is made again.",
  });
  expect(note("c", "file", "Known.")).toMatchObject({ severity: "note", repair: null });
});
