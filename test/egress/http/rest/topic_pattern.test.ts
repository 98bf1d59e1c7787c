import { describe, expect, it } from "vitest";
import { TopicPattern, topicsMatching } from "../../../../src/egress/http/rest/topic_pattern.ts";
import { diceOf, pick } from "../../../support/dice.ts";

describe("TopicPattern.matches()", () => {
  it.each([
    ["logs", "logs", true],
    ["logs", "logs2", false],
    ["logs.*", "logs.a", true],
    ["logs.*", "logs", true],
    ["logs\\..+", "logsa", false],
    ["^logs$", "logs", true],
    ["(a|bc)*d?", "abcad", true],
    ["(a|bc)*d?", "abd", false],
    ["(?:x|)y", "y", true],
    ["[a-c_]+", "ab_c", true],
    ["[a-c_]+", "abd", false],
    ["[^0-9]*", "abc", true],
    ["[^0-9]*", "a1", false],
    ["[\\d.-]+", "1.2-3", true],
    ["site-\\d+", "site-42", true],
    ["\\w+", "a_1", true],
    ["\\W", "-", true],
    ["\\D", "1", false],
    ["a.?b", "ab", true],
    ["a|", "", true],
    [".*?x", "aax", true],
  ])("of %s and %s is %s", (pattern, name, matches) => {
    expect(new TopicPattern(pattern).matches(name)).toBe(matches);
  });

  it("takes no longer for patterns that keep others busy for years", () => {
    const name = "a".repeat(249);
    for (
      const pattern of ["(a+)+b", "(a|a)*b", "(a*)*b", "(.*)(.*)(.*)(.*)b", "a?".repeat(200) + "b"]
    ) {
      expect(new TopicPattern(pattern).matches(name), pattern).toBe(false);
    }
  });

  it("matches what the platform's own patterns do", () => {
    for (let seed = 1; seed <= 2_000; seed++) {
      const dice = diceOf(seed);
      const below = (max: number) => Math.floor(dice() * max);
      const piece = (depth: number): string => {
        if (depth === 0) return pick(dice, ["a", "b", "\\.", ".", "[ab]", "[^a]", "\\d", "\\w"]);
        return [
          () => `(${piece(depth - 1)}|${piece(depth - 1)})`,
          () => `(?:${piece(depth - 1)})${pick(dice, ["*", "+", "?"])}`,
          () => piece(depth - 1) + piece(depth - 1),
        ][below(3)]!();
      };
      const source = piece(3);
      const name = Array.from({ length: below(6) }, () => pick(dice, ["a", "b", ".", "1"])).join(
        "",
      );
      const expected = new RegExp(`^(?:${source})$`).test(name);
      expect(new TopicPattern(source).matches(name), `seed ${seed}: ${source} and ${name}`)
        .toBe(expected);
    }
  });

  it.each([
    "",
    "*a",
    "a**",
    "(a",
    "a)",
    "[a",
    "[b-a]",
    "a{2}",
    "\\",
    "\\b",
    "(?=a)",
    "(?<n>a)",
    "a$b",
    "x".repeat(501),
    "(".repeat(60) + ")".repeat(60),
    "[[:alpha:]]",
  ])("refuses %s", (pattern) => {
    expect(() => new TopicPattern(pattern))
      .toThrow(expect.objectContaining({ detail: { error_code: 422 } }));
  });
});

describe("topicsMatching()", () => {
  it("leaves out what is internal", () => {
    const store = { topics: () => ["b", "__c", "a"].map((name) => ({ name })) };
    expect(topicsMatching(new TopicPattern(".*"), store)).toEqual(["a", "b"]);
  });
});
