import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { rankOf, severityReader } from "../../src/store/severity.ts";

describe("rankOf()", () => {
  it("orders names from trace to emergency, whatever their case", () => {
    const names = ["trace", "DEBUG", "Info", "notice", " warn ", "ERROR", "crit", "alert", "panic"];
    expect(names.map(rankOf)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect([rankOf("warning"), rankOf("err"), rankOf("fatal")]).toEqual([4, 5, 6]);
  });

  it("reads syslog's numbers and pino's, as numbers or as text", () => {
    expect([0, 1, 2, 3, 4, 5, 6, 7].map(rankOf)).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
    expect([10, 20, 30, 40, 50, 60].map(rankOf)).toEqual([0, 1, 2, 4, 5, 6]);
    expect([rankOf("3"), rankOf("50"), rankOf(35)]).toEqual([5, 5, 2]);
  });

  it("says so where it cannot tell", () => {
    for (const odd of ["", "loud", "toString", 8, 9, 70, -1, 3.5, null, {}, true, undefined]) {
      expect(rankOf(odd), String(odd)).toBeNull();
    }
  });
});

describe("severityReader()", () => {
  const record = (value: string | null, headers: readonly [string, string | null][] = []) => ({
    value: value === null ? null : utf8(value),
    headers: headers.map(([name, text]) => [name, text === null ? null : utf8(text)] as const),
  });

  it("reads a top-level member of a JSON value, and no other", () => {
    const read = severityReader("json:level")!;
    expect(read(record('{"level":"error","msg":"x"}'))).toBe(5);
    expect(read(record(' {"level": 30}'))).toBe(2);
    expect(read(record('{"nested":{"level":"error"}}'))).toBeNull();
    for (const odd of ['{"level":', "level: error", "[1]", "", null, '"error"']) {
      expect(read(record(odd)), String(odd)).toBeNull();
    }
    expect(severityReader("json:toString")!(record("{}"))).toBeNull();
  });

  it("reads the last header of that name", () => {
    const read = severityReader("header:severity")!;
    expect(read(record("x", [["severity", "debug"], ["severity", "4"]]))).toBe(4);
    expect(read(record("x", [["severity", null]]))).toBeNull();
    expect(read(record('{"severity":"error"}'))).toBeNull();
  });

  it("is none where the topic says nothing", () => {
    expect(severityReader("")).toBeNull();
    expect(severityReader("level")).toBeNull();
  });
});
