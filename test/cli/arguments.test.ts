import { describe, expect, it } from "vitest";
import { parseArguments } from "../../src/cli/arguments.ts";

const RULES = {
  usage: "TOPIC [--json]",
  positionals: { min: 1, max: 1 },
  valued: ["--from", "--count"],
  bare: ["--json"],
};

describe("parseArguments()", () => {
  it("reads positionals and flags in any order", () => {
    const args = parseArguments(["--json", "logs", "--from=earliest", "--count", "3"], RULES);
    expect(args.positionals).toEqual(["logs"]);
    expect(args.has("--json")).toBe(true);
    expect(args.text("--from")).toBe("earliest");
    expect(args.count("--count")).toBe(3);
    expect(args.text("--nope")).toBeNull();
  });

  it.each([
    [[], "an argument is missing; expected TOPIC [--json]"],
    [["a", "b"], 'Cannot use argument "b": it is one too many'],
    [["a", "--form", "x"], "there is no such flag; did you mean --from?"],
    [["a", "--json=1"], "there is no such flag"],
    [["a", "--from"], "a value is missing"],
  ])("refuses %j", (args, sentence) => {
    expect(() => parseArguments(args, RULES)).toThrow(sentence);
  });

  it("refuses a count that is none", () => {
    const args = parseArguments(["a", "--count", "-1"], RULES);
    expect(() => args.count("--count", 1)).toThrow('Cannot use --count "-1": expected a whole');
  });
});
