import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import type { EmbeddedFormat } from "../../../src/protocol/http/rest_media_type.ts";
import { readRestRecords } from "../../../src/protocol/http/rest_records.ts";
import { testCore } from "../../support/core.ts";

const core = testCore();
const read = (body: string, format: EmbeddedFormat = "json") =>
  readRestRecords(utf8(body), format, core);
const text = (bytes: Uint8Array | null | undefined) =>
  bytes === null || bytes === undefined ? bytes : new TextDecoder().decode(bytes);

describe("readRestRecords()", () => {
  it("keeps the source text of JSON keys and values, to the digit", () => {
    const [one, two] = read(`{"records": [
      {"key": "k", "value": {"n" : 1.50, "big": 9007199254740993}, "partition": 3},
      {"value": 1e3, "timestamp": 1700000000000}
    ]}`);
    expect(text(one!.key)).toBe('"k"');
    expect(text(one!.value)).toBe('{"n" : 1.50, "big": 9007199254740993}');
    expect(one!.partition).toBe(3);
    expect([text(two!.value), two!.key, two!.partition, two!.timestamp])
      .toEqual(["1e3", null, null, 1_700_000_000_000]);
  });

  it("decodes base64, and has no key or value where it is null", () => {
    const [one, two, three] = read(
      `{"records":[{"key":"a2V5","value":"Y29uZmx1ZW50"},{"value":null},{"value":""}]}`,
      "binary",
    );
    expect([text(one!.key), text(one!.value)]).toEqual(["key", "confluent"]);
    expect([two!.key, two!.value]).toEqual([null, null]);
    expect(three!.value).toEqual(new Uint8Array(0));
  });

  it("takes strings as text, and headers as base64 with keys that repeat", () => {
    const [one] = read(
      `{"records":[{"value":"h\\u00e9","headers":[{"key":"a","value":"dg=="},{"key":"a"}]}]}`,
      "text",
    );
    expect(text(one!.value)).toBe("hé");
    expect(one!.headers.map(([key, value]) => [key, text(value)])).toEqual([["a", "v"], [
      "a",
      null,
    ]]);
  });

  it("takes schema fields that say nothing", () => {
    expect(read(`{"key_schema_id":null,"value_schema":null,"records":[{"value":1}]}`))
      .toHaveLength(1);
  });

  it.each([
    ["", "malformed_body", undefined],
    ["{", "malformed_body", undefined],
    ['{"records":[{}]} x', "malformed_body", undefined],
    ["[]", "malformed_body", 422],
    ["{}", "malformed_body", 422],
    ['{"records":{}}', "malformed_body", 422],
    ['{"records":[]}', "malformed_body", 422],
    ['{"records":[ ]}', "malformed_body", 422],
    ['{"records":[1]}', "malformed_body", 422],
    ['{"records":[{"valeu":1}]}', "malformed_body", 422],
    ['{"records":[{"value":1,"value":2}]}', "malformed_body", 422],
    ['{"records":[{"partition":-1}]}', "malformed_body", 422],
    ['{"records":[{"partition":"0"}]}', "malformed_body", 422],
    ['{"records":[{"partition":1.0}]}', "malformed_body", 422],
    ['{"records":[{"timestamp":1e99}]}', "malformed_body", 422],
    ['{"records":[{"headers":{}}]}', "malformed_body", 422],
    ['{"records":[{"headers":[{"value":"dg=="}]}]}', "malformed_body", 422],
    ['{"records":[{"headers":[{"key":"h","value":"%"}]}]}', "malformed_body", 42203],
    ['{"records":[{"headers":[{"key":"\\ud800"}]}]}', "malformed_body", 42203],
    ['{"value_schema":"{}","records":[{"value":1}]}', "malformed_body", 422],
  ])("refuses %s", (body, code, number) => {
    const detail = number === undefined
      ? expect.not.objectContaining({ error_code: expect.anything() })
      : expect.objectContaining({ error_code: number });
    expect(() => read(body)).toThrow(expect.objectContaining({ code, detail }));
  });

  it.each(
    [
      ["binary", '{"records":[{"value":"*"}]}'],
      ["binary", '{"records":[{"value":1}]}'],
      ["text", '{"records":[{"value":{}}]}'],
      ["text", '{"records":[{"value":"\\udc00"}]}'],
    ] as const,
  )("refuses what is no %s: %s", (format, body) => {
    expect(() => read(body, format))
      .toThrow(expect.objectContaining({ detail: { error_code: 42203 } }));
  });

  it("finds the records wherever they stand, and however they are spaced", () => {
    const records = '[ {"value" : "}]\\"" } , { "value":[{"a":"]"}] } ]';
    for (
      const body of [
        `{"records":${records}}`,
        ` { "key_schema" : null , "records" : ${records} } `,
        `{"\\u0072ecords":${records},"value_schema":null}`,
        `\ufeff{"records":${records}\n}`,
      ]
    ) {
      expect(read(body).map(({ value }) => text(value)), body).toEqual(['"}]\\""', '[{"a":"]"}]']);
    }
    expect(() => read("{}")).toThrow(/no array/);
    expect(() => read('{"records":[{}],"records":[]}')).toThrow(/twice/);
  });

  it("bounds the records of one request, and the headers of one record", () => {
    const many = `{"records":[${"{},".repeat(100_000)}{}]}`;
    expect(() => read(many)).toThrow(/more than 100000/);
    const headers = `[${'{"key":"h"},'.repeat(1_000)}{"key":"h"}]`;
    expect(() => read(`{"records":[{"headers":${headers}}]}`)).toThrow(/over 1000/);
  });
});
