/** What `deno task sim` is told. */
import { describe, expect, it } from "vitest";
import { HELP, readOptions } from "../../tools/sim_options.ts";

describe("readOptions()", () => {
  it("reads what is given, and knows the rest", () => {
    const options = readOptions(["--seed", "7", "--only", "3,8", "--trace"]);
    expect(options).toMatchObject({ seed: 7, only: [3, 8], trace: true, hours: 24, jobs: 1 });
    expect(readOptions([])).toMatchObject({ seed: 1, seeds: undefined, help: false });
    expect(readOptions(["-h"]).help).toBe(true);
  });

  it.each([
    ["--sede", "3"],
    ["--seed"],
    ["--seed", "x"],
    ["--seed", "-1"],
    ["--seeds", "0"],
    ["--hours", "1.5"],
    ["--only", "1,,2"],
    ["--about", "nothing"],
    ["7"],
  ])("says in one line why %s %s cannot be read", (...args) => {
    expect(() => readOptions(args)).toThrow(/^Cannot read the options: .+ See --help$/);
  });

  it("is explained, option by option", () => {
    for (const name of ["seed", "seeds", "hours", "jobs", "only", "trace", "mutant", "about"]) {
      expect(HELP).toContain(`--${name}`);
    }
  });
});
