import { describe, expect, it } from "vitest";
import { parseArguments } from "../../src/cli/arguments.ts";
import { FILTER_FLAGS, filterQuery } from "../../src/cli/filter_flags.ts";
import { FILTER_PARAMETERS } from "../../src/egress/record_filter.ts";
import { Query } from "../../src/protocol/http/query.ts";

const rules = { positionals: { min: 0, max: 0 }, valued: FILTER_FLAGS, bare: [] };
const queryOf = (...args: string[]) => filterQuery(parseArguments(args, rules));

describe("filterQuery()", () => {
  it("is what the node understands, whatever the values hold", () => {
    expect(queryOf()).toBe("");
    const text = queryOf(
      ...["--key", "a&b=c/d", "--contains", "50 % ü", "--since=2026-01-01T00:00:00+01:00"],
      ...["--until", "5", "--header", "site=a=b", "--header", "e&f=1"],
    );
    const query = new Query(`/x?n=1${text}`, ["n", ...FILTER_PARAMETERS]);
    expect(query.text("key")).toBe("a&b=c/d");
    expect(query.text("contains")).toBe("50 % ü");
    expect(query.text("since")).toBe("2026-01-01T00:00:00+01:00");
    expect(query.withPrefix("header.")).toEqual([["site", "a=b"], ["e&f", "1"]]);
  });

  it("refuses half a header", () => {
    expect(() => queryOf("--header", "site")).toThrow("expected NAME=VALUE");
    expect(() => queryOf("--header", "=a")).toThrow("expected NAME=VALUE");
  });
});
