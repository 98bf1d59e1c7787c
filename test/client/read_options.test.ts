import { describe, expect, it } from "vitest";
import { QueryText, segment } from "../../src/client/read_options.ts";

describe("QueryText", () => {
  it("has what is given, escaped, and nothing else", () => {
    const query = new QueryText().page({
      ...{ key: "a b&c", headers: { "x.y": "ä" }, contains: "100%", since: new Date(5), until: 7 },
      ...{ maxRecords: 10, source: false },
    });
    expect([...new URLSearchParams(String(query))]).toEqual([
      ...[["key", "a b&c"], ["contains", "100%"], ["header.x.y", "ä"]],
      ...[["since", "5"], ["until", "7"], ["max_records", "10"]],
    ]);
    expect(String(new QueryText().add("a", undefined))).toBe("");
  });

  it("takes no date that is none", () => {
    expect(() => new QueryText().filter({ since: new Date(NaN) })).toThrow(/since: it is no valid/);
  });
});

describe("segment()", () => {
  it("escapes a name, and takes none that would be another path", () => {
    expect(segment("a/b?c")).toBe("a%2Fb%3Fc");
    for (const name of ["", ".", ".."]) expect(() => segment(name)).toThrow(/as a name/);
  });
});
