/** Fields of a peer's JSON: each kind accepts what it should and names the field it refuses. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { isOperatingError } from "../../../src/base/errors.ts";
import { Fields } from "../../../src/protocol/replication/fields.ts";

const of = (value: unknown) => new Fields(value, "test body");

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (isOperatingError(error, "malformed_body")) return error.message;
    throw error;
  }
  return "accepted";
}

describe("Fields.ofBody()", () => {
  const bytesMax = 64;

  it("reads an object in UTF-8", () => {
    const fields = Fields.ofBody(utf8('{"a":"ü"}'), { place: "test body", bytesMax });
    expect(fields.text("a", 10)).toBe("ü");
  });

  it.each([
    ["nothing", ""],
    ["an array", "[]"],
    ["null", "null"],
    ["torn JSON", '{"a":'],
    ["over the limit", `{"a":"${"x".repeat(64)}"}`],
  ])("refuses %s", (_, text) => {
    const read = () => Fields.ofBody(utf8(text), { place: "test body", bytesMax });
    expect(refusal(read)).toMatch(/^Cannot read test body: /);
  });

  it("refuses bytes that are no UTF-8", () => {
    const body = Uint8Array.from([0x7b, 0x22, 0xff, 0x22, 0x7d]);
    const read = () => Fields.ofBody(body, { place: "test body", bytesMax });
    expect(refusal(read)).toBe("Cannot read test body: not JSON in UTF-8");
  });
});

describe("Fields", () => {
  it("bounds text", () => {
    expect(of({ a: "abc" }).text("a", 3)).toBe("abc");
    for (const value of ["", "abcd", 1, null, undefined, {}]) {
      expect(refusal(() => of({ a: value }).text("a", 3)), String(value)).toContain('"a" of test');
    }
  });

  it("bounds integers", () => {
    expect(of({ a: 5 }).integer("a", 5, 5)).toBe(5);
    for (const value of [4, 6, 5.5, "5", NaN, null, 1e300]) {
      expect(refusal(() => of({ a: value }).integer("a", 5, 5)), String(value)).toContain('"a"');
    }
    expect(refusal(() => of({ a: -1 }).offset("a"))).toContain("-1 is not in [0,");
  });

  it("knows an id", () => {
    expect(of({ a: "00ff00ff00ff00ff" }).id("a")).toBe("00ff00ff00ff00ff");
    for (const value of ["00FF00FF00FF00FF", "0ff", "00ff00ff00ff00ff0", 7]) {
      expect(refusal(() => of({ a: value }).id("a"))).toContain("16 lower-case hex digits");
    }
  });

  it("bounds lists, and places what is wrong inside them", () => {
    expect(of({ a: [{}, {}] }).list("a", 2)).toHaveLength(2);
    expect(refusal(() => of({ a: [{}, {}, {}] }).list("a", 2))).toContain("at most 2 allowed");
    expect(refusal(() => of({ a: [{}, 1] }).list("a", 2))).toContain("test body, a[1]");
  });

  it("does not take what an object inherits for a field", () => {
    expect(of({}).has("constructor")).toBe(false);
    expect(of(JSON.parse('{"__proto__":"x"}')).text("__proto__", 5)).toBe("x");
  });
});
