import { describe, expect, it } from "vitest";
import { bodyOf, formOf, type RecordInput } from "../../src/client/record_input.ts";

const BYTES = new Uint8Array([0xff]);

describe("formOf()", () => {
  it.each<[RecordInput, object]>([
    ["text", { value: "text" }],
    ["21.5", { value: "21.5" }],
    [BYTES, { value_base64: "/w==" }],
    [new TextEncoder().encode("ok"), { value: "ok" }],
    [{ value: "text" }, { value: "text" }],
    [{ value: null }, { value: null }],
    [{ value: 21.5 }, { value: "21.5" }],
    [{ value: { a: [true, null] } }, { value: '{"a":[true,null]}' }],
    [{ value: "", key: BYTES, timestamp: new Date(9) }, {
      ...{ value: "", key_base64: "/w==", timestamp: 9 },
    }],
    [{ value: "x", key: null, headers: { a: "1", b: null } }, {
      ...{ value: "x", key: null },
      headers: [{ key: "a", value: "1" }, { key: "b", value: null }],
    }],
    [{ value: "x", headers: [["a", "1"], ["a", BYTES]] }, {
      value: "x",
      headers: [{ key: "a", value: "1" }, { key: "a", value_base64: "/w==" }],
    }],
  ])("makes of %j %j", (input, form) => {
    expect(JSON.parse(formOf(input))).toEqual(form);
  });

  it.each<[string, RecordInput]>([
    ["half a character", "\ud800"],
    ["half a character", { value: "x", key: "\ud800" }],
    ["nothing that JSON has", { value: undefined as unknown as null }],
    ["no whole number", { value: "x", timestamp: -1 }],
    ["no whole number", { value: "x", timestamp: new Date(NaN) }],
  ])("refuses %s", (state, input) => {
    expect(() => formOf(input)).toThrow(state);
  });
});

describe("bodyOf()", () => {
  it("is one array of them", () => {
    expect(bodyOf([formOf("a"), formOf("b")])).toBe('[{"value":"a"},{"value":"b"}]');
  });
});
