import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { elementsOf, membersOf } from "../../../src/protocol/http/json_source.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const elements = (json: string) => Array.from(elementsOf(utf8(json)), text);
const members = (json: string) =>
  Array.from(membersOf(utf8(json)), ([name, value]) => [text(name), text(value)]);

const VALUES = [
  `1`,
  `-1.50e+3`,
  `true`,
  `null`,
  `""`,
  `"a,]}\\"\\\\"`,
  `"\\u005d"`,
  `[]`,
  `[1, [2, "]"], {}]`,
  `{"a": "}", "b": [{}]}`,
  `"é\u2028"`,
];

describe("elementsOf()", () => {
  it("gives each element as it was written", () => {
    for (const [open, comma] of [["[", ","], ["[ \n", " ,\t"]]) {
      expect(elements(`${open}${VALUES.join(comma)} ]`)).toEqual(VALUES);
    }
    expect(elements("[]")).toEqual([]);
    expect(elements("[ ]")).toEqual([]);
  });
});

describe("membersOf()", () => {
  it("gives each name and value as they were written", () => {
    const named = VALUES.map((value, at) => [`"n\\"${at}"`, value]);
    const json = `{ ${named.map(([name, value]) => `${name} : ${value}`).join(" , ")} }`;
    expect(members(json)).toEqual(named);
    expect(members(`{"a":1,"a":2}`)).toEqual([[`"a"`, "1"], [`"a"`, "2"]]);
    expect(members("{}")).toEqual([]);
  });
});

describe("both", () => {
  it("end, whatever they are given", () => {
    for (const json of ["[", "{", `["`, `{"a`, `{"a":`, `["\\`, "[[[", `{"a":[}`]) {
      const bytes = utf8(json);
      const found = json[0] === "[" ? elementsOf(bytes) : membersOf(bytes);
      let count = 0;
      for (const each of found) if (++count > 10) throw new Error(`no end: ${each}`);
      expect(count).toBeLessThanOrEqual(10);
    }
  });
});
