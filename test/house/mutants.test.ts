/** The deliberate bugs of the simulator have a place in the source: each text once, no two alike. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { MUTANTS } from "../sim/mutants.ts";

it.each(MUTANTS)("$name changes a text that stands once in $file", ({ file, from, to }) => {
  expect(readFileSync(file, "utf8").split(from).length).toBe(2);
  expect(to).not.toBe(from);
});

it("there are ten at the least, each with a name of its own", () => {
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  expect(MUTANTS.length).toBeGreaterThanOrEqual(10);
});
