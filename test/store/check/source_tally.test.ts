import { expect, it } from "vitest";
import { SourceTally } from "../../../src/store/check/source_tally.ts";

it("counts each source offset once, in whatever order it comes, and tells those seen twice", () => {
  const tally = new SourceTally();
  tally.add("a", 10, 20);
  tally.add("a", 0, 5);
  tally.add("a", 5, 10);
  expect(tally.get("a")).toMatchObject({ records: 20, recordsDoubled: 0, doubled: [] });
  tally.add("a", 15, 25);
  expect(tally.get("a")).toMatchObject({ records: 25, recordsDoubled: 5 });
  expect(tally.get("a")!.doubled).toEqual([{ from: 15, to: 25 }]);
  expect(tally.get("b")).toBeUndefined();
  expect([...tally.all()]).toHaveLength(1);
});
