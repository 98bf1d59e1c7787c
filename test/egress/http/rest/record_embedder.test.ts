import { describe, expect, it } from "vitest";
import { utf8 } from "../../../../src/base/bytes.ts";
import { RecordEmbedder } from "../../../../src/egress/http/rest/record_embedder.ts";
import type { EmbeddedFormat } from "../../../../src/protocol/http/rest_media_type.ts";
import { testCore } from "../../../support/core.ts";

const core = testCore();

function embed(
  format: EmbeddedFormat,
  value: Uint8Array | string | null,
  key: string | null = null,
) {
  const record = {
    ...{ topic: "t", partition: 1, offset: 9, timestamp: 5, headers: [] },
    key: key === null ? null : utf8(key),
    value: typeof value === "string" ? utf8(value) : value,
  };
  return new RecordEmbedder(format, core).embed(record);
}

describe("RecordEmbedder", () => {
  it("keeps the source text of JSON, and its numbers' digits", () => {
    expect(embed("json", ' {"n": 1.50}', "7")!.json).toBe(
      '{"topic":"t","key":7,"value": {"n": 1.50},"partition":1,"offset":9,"timestamp":5}',
    );
  });

  it("has base64 and text", () => {
    expect(JSON.parse(embed("binary", Uint8Array.of(255, 0))!.json).value).toBe("/wA=");
    expect(JSON.parse(embed("text", 'a"\n€')!.json).value).toBe('a"\n€');
    expect(embed("text", "abc", "k")!.bytes).toBe(4);
  });

  it("has null for what is none, in all formats", () => {
    for (const format of ["json", "binary", "text"] as const) {
      expect(JSON.parse(embed(format, null)!.json)).toMatchObject({ key: null, value: null });
    }
  });

  it.each(
    [
      ["json", "nojson"],
      ["json", ""],
      ["json", "1 2"],
      ["json", '{"a":'],
      ["json", "\ufeff1"],
      ["json", Uint8Array.of(0x22, 0xff, 0x22)],
      ["text", Uint8Array.of(0xff)],
    ] as const,
  )("embeds nothing in %s that is none: %s", (format, value) => {
    expect(embed(format, value)).toBeNull();
  });

  it("writes headers where there are some, as base64", () => {
    const record = {
      ...{ topic: "t", partition: 0, offset: 0, timestamp: 0, key: null, value: null },
      headers: [["h", utf8("v")], ["n", null]] as const,
    };
    expect(JSON.parse(new RecordEmbedder("json", core).embed(record)!.json).headers)
      .toEqual([{ key: "h", value: "dg==" }, { key: "n", value: null }]);
  });

  it("says which record it refuses, and how to go on", () => {
    const record = {
      ...{ topic: "t", partition: 0, offset: 7, timestamp: 0, key: null, value: utf8("x") },
      headers: [],
    };
    const error = new RecordEmbedder("json", core).refusalOf(record);
    expect(error.detail["error_code"]).toBe(40602);
    expect(error.message).toMatch(/record 7 of t-0.*seek to 8/);
  });
});
