import { expect, it } from "vitest";
import { formatBytes, formatSeconds, formatTable } from "../../src/cli/table.ts";

it("formatTable() lines up columns, numbers to the right", () => {
  expect(formatTable(["NAME", "COUNT"], [["a", 5], ["longer", 1234], ["b", null]])).toBe(
    "NAME    COUNT\n" +
      "a           5\n" +
      "longer   1234\n" +
      "b           -\n",
  );
  expect(formatTable(["NAME", "COUNT"], [])).toBe("NAME  COUNT\n");
});

it("formatBytes() and formatSeconds() say sizes and times as people do", () => {
  expect([0, 1_023, 1_536, 5 * 2 ** 30].map(formatBytes)).toEqual([
    ...["0 B", "1023 B", "1.5 KiB", "5.0 GiB"],
  ]);
  expect([0.4, 59, 60, 3_600, 90_061].map(formatSeconds)).toEqual([
    ...["0s", "59s", "1min", "1h", "1d 1h"],
  ]);
});
