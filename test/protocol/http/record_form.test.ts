import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { OperatingError } from "../../../src/base/errors.ts";
import { readRecordForms } from "../../../src/protocol/http/record_form.ts";
import { REFERENCE_SCANNER } from "../../support/json_scanner.ts";

const read = (body: string) => readRecordForms(utf8(body), REFERENCE_SCANNER);
const nothing = { key: null, value: null, headers: [], timestamp: null };

function faultOf(body: string): OperatingError {
  try {
    read(body);
  } catch (error) {
    if (error instanceof OperatingError && error.code === "malformed_body") return error;
    throw error;
  }
  throw new Error(`taken: ${body}`);
}

describe("readRecordForms()", () => {
  it("reads an array of records, or one", () => {
    expect(read(`[{}, { }]`)).toEqual([nothing, nothing]);
    expect(read(`{"value":"x"}`)).toEqual([{ ...nothing, value: utf8("x") }]);
  });

  it("takes strings as text, null as nothing, and all else as its source text", () => {
    const values = read(
      `[{"value":"\\u00e9"},{"value":null},{"value": {"n": 1.0} },{"value":12e0},{"value":""}]`,
    ).map(({ value }) => value);
    expect(values).toEqual([utf8("é"), null, utf8(`{"n": 1.0}`), utf8("12e0"), utf8("")]);
  });

  it("takes base64 for bytes that are no text", () => {
    expect(read(`{"key_base64":"/wA=","value_base64":""}`))
      .toEqual([{ ...nothing, key: Uint8Array.of(0xff, 0), value: new Uint8Array() }]);
  });

  it("keeps the order and the repetition of headers", () => {
    const body =
      `{"headers":[{"key":"h","value":"1"},{"key":"h","value_base64":"/w=="},{"key":""}]}`;
    expect(read(body)[0]!.headers)
      .toEqual([["h", utf8("1")], ["h", Uint8Array.of(0xff)], ["", null]]);
    expect(read(`{"headers":{"a":"1","b":null,"c":2}}`)[0]!.headers)
      .toEqual([["a", utf8("1")], ["b", null], ["c", utf8("2")]]);
    expect(read(`{"headers":[ ]}`)[0]!.headers).toEqual([]);
  });

  it("takes a timestamp in milliseconds", () => {
    expect(read(`{"timestamp": 1700000000000}`)[0]!.timestamp).toBe(1_700_000_000_000);
    expect(read(`{"timestamp": null}`)[0]!.timestamp).toBeNull();
  });

  it("refuses by element and member", () => {
    expect(faultOf(`[{}, {"vlaue":1}]`).message).toMatch(/element 1 has member "vlaue"/);
    expect(faultOf(`[{}, {"vlaue":1}]`).detail).toEqual({ element: 1 });
    for (
      const body of [
        ``,
        `[]`,
        `[1]`,
        `{"value":1`,
        `{"value":1,"value":2}`,
        `{"value":1,"value_base64":""}`,
        `{"value_base64":"*"}`,
        `{"value_base64":1}`,
        `{"value":"\\ud800"}`,
        `{"timestamp":-1}`,
        `{"timestamp":1.5}`,
        `{"timestamp":"1"}`,
        `{"timestamp":[]}`,
        `{"headers":1}`,
        `{"headers":[1]}`,
        `{"headers":[{"value":"x"}]}`,
        `{"headers":[{"key":1}]}`,
        `{"headers":[{"key":"a","x":1}]}`,
      ]
    ) {
      expect(faultOf(body).code, body).toBe("malformed_body");
    }
  });

  it("refuses text that is no UTF-8", () => {
    const body = utf8(`{"value":"x"}`);
    body[10] = 0xff;
    expect(() => readRecordForms(body, REFERENCE_SCANNER)).toThrow(
      /no Unicode text|no JSON string/,
    );
  });

  it("refuses more headers than a record may have", () => {
    const headers = Array.from({ length: 1_001 }, () => ({ key: "h" }));
    expect(faultOf(JSON.stringify({ headers })).message).toMatch(/over 1000 headers/);
  });
});
