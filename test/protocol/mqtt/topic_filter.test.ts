import { describe, expect, it } from "vitest";
import { isOperatingError } from "../../../src/base/errors.ts";
import { TopicFilter } from "../../../src/protocol/mqtt/topic_filter.ts";

/** From MQTT 5 §4.7.1 and §4.7.2, non-normative examples, and their mirror images. */
const CASES: readonly [filter: string, name: string, matches: boolean][] = [
  ["sport/tennis/player1/#", "sport/tennis/player1", true],
  ["sport/tennis/player1/#", "sport/tennis/player1/ranking", true],
  ["sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true],
  ["sport/tennis/player1/#", "sport/tennis/player2", false],
  ["sport/#", "sport", true],
  ["sport/#", "sports", false],
  ["#", "a/b/c", true],
  ["sport/tennis/+", "sport/tennis/player1", true],
  ["sport/tennis/+", "sport/tennis/player1/ranking", false],
  ["sport/+", "sport", false],
  ["sport/+", "sport/", true],
  ["+/+", "/finance", true],
  ["/+", "/finance", true],
  ["+", "/finance", false],
  ["#", "$SYS/x", false],
  ["+/monitor/Clients", "$SYS/monitor/Clients", false],
  ["$SYS/#", "$SYS/", true],
  ["$SYS/monitor/+", "$SYS/monitor/Clients", true],
  ["a/b/c", "a/b", false],
  ["a/b", "a/b/c", false],
  ["a/+/#", "a/b", true],
  ["a/+/#", "a", false],
  ["A", "a", false],
  ["/A", "A", false],
];

describe("TopicFilter.matches()", () => {
  it.each(CASES)("%s and %s: %s", (filter, name, matches) => {
    expect(TopicFilter.parse(filter).matches(name)).toBe(matches);
  });
});

describe("TopicFilter.parse()", () => {
  it.each(["", "sport/tennis#", "sport/#/ranking", "sport+", "a/b+/c", "a\u0000"])(
    "refuses %j",
    (filter) => {
      try {
        TopicFilter.parse(filter);
      } catch (error) {
        expect(isOperatingError(error, "invalid_argument")).toBe(true);
        return;
      }
      expect.unreachable();
    },
  );
});

describe("TopicFilter.levelsMax", () => {
  it("is endless behind #", () => {
    expect(TopicFilter.parse("a/+/b").levelsMax).toBe(3);
    expect(TopicFilter.parse("/").levelsMax).toBe(2);
    expect(TopicFilter.parse("a/#").levelsMax).toBe(Infinity);
  });
});

describe("TopicFilter.isValid()", () => {
  it("tells what parse() would throw on", () => {
    for (const text of ["a", "a/#", "+/b", "#"]) expect(TopicFilter.isValid(text), text).toBe(true);
    for (const text of ["", "a/#/b", "a+", "a#"]) {
      expect(TopicFilter.isValid(text), text).toBe(false);
    }
  });
});

describe("TopicFilter.overlaps()", () => {
  const levels = ["a", "b", "+"];
  const filters = ["#", ...levels, ...levels.map((one) => `${one}/#`)];
  for (const one of levels) for (const two of levels) filters.push(`${one}/${two}`);
  const names = ["a", "b", "c", "a/a", "a/b", "b/a", "b/b", "a/c", "c/a", "c/c", "a/b/c", "c/c/c"];

  it("says yes wherever a name matches both, and no where none could", () => {
    for (const one of filters) {
      for (const two of filters) {
        const [a, b] = [TopicFilter.parse(one), TopicFilter.parse(two)];
        const both = names.some((name) => a.matches(name) && b.matches(name));
        expect(a.overlaps(b), `${one} ${two}`).toBe(both);
      }
    }
  });
});
