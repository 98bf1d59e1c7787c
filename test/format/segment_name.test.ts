import { expect, it } from "vitest";
import { baseOffsetOf, segmentName } from "../../src/format/segment_name.ts";

it("segmentName() gives twenty digits, so that names sort as offsets do", () => {
  expect(segmentName(0)).toBe("00000000000000000000.log");
  expect(segmentName(42, "timeindex")).toBe("00000000000000000042.timeindex");
  const offsets = [0, 9, 10, 2 ** 31, Number.MAX_SAFE_INTEGER];
  expect(offsets.map((offset) => segmentName(offset)).sort())
    .toEqual(offsets.map((offset) => segmentName(offset)));
});

it("baseOffsetOf() reads back what segmentName() wrote, and nothing else", () => {
  expect(baseOffsetOf(segmentName(Number.MAX_SAFE_INTEGER))).toBe(Number.MAX_SAFE_INTEGER);
  for (
    const name of [
      "0.log",
      "00000000000000000042.index",
      "00000000000000000042.log.bak",
      "x0000000000000000042.log",
      "99999999999999999999.log",
      "",
    ]
  ) {
    expect(baseOffsetOf(name), name).toBe(null);
  }
});
