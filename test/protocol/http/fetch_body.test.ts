import { decode } from "cbor-x";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { encodeCbor, encodePage, type Page } from "../../../src/protocol/http/fetch_body.ts";
import { MediaType } from "../../../src/protocol/http/media_type.ts";
import { cborItemEnd } from "../../../src/protocol/http/cbor_item.ts";

const T = 1_700_000_000_000;
const binary = Uint8Array.of(0xff, 0x00, 0x41);
const plain = { topic: "t", partition: 0, timestamp: T, key: null, headers: [] };

const page: Page = {
  records: [
    { ...plain, offset: 7, key: utf8("k"), value: utf8("\ufeffé") },
    {
      ...plain,
      offset: 9_007_199_254_740_990,
      value: binary,
      key: binary,
      headers: [["h", utf8("1")], ["h", binary], ["n", null]],
      source: { gateway: "g", log_id: "00000000000000ff", partition: 3, offset: 5_000_000_000 },
    },
    { ...plain, offset: 9_007_199_254_740_991, value: null },
  ],
  gaps: [{ from: 8, to: 10, reason: "corrupt" }],
  rest: { next_offset: 12, high_watermark: 20 },
};

const text = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

const JSON_RECORDS = [
  { topic: "t", partition: 0, offset: 7, timestamp: T, key: "k", value: "\ufeffé", headers: [] },
  {
    topic: "t",
    partition: 0,
    offset: 9_007_199_254_740_990,
    timestamp: T,
    key_base64: "/wBB",
    value_base64: "/wBB",
    headers: [{ key: "h", value: "1" }, { key: "h", value_base64: "/wBB" }, {
      key: "n",
      value: null,
    }],
    source: { gateway: "g", log_id: "00000000000000ff", partition: 3, offset: 5_000_000_000 },
  },
  {
    topic: "t",
    partition: 0,
    offset: 9_007_199_254_740_991,
    timestamp: T,
    key: null,
    value: null,
    headers: [],
  },
];

describe("encodePage()", () => {
  it("writes JSON: text where the bytes are UTF-8, byte order mark and all, else base64", () => {
    expect(JSON.parse(text(encodePage(MediaType.json, page)))).toEqual({
      records: JSON_RECORDS,
      gaps: [{ from: 8, to: 10, reason: "corrupt" }],
      next_offset: 12,
      high_watermark: 20,
    });
  });

  it("writes NDJSON: a line a record, with gaps where they lie", () => {
    const lines = text(encodePage(MediaType.ndjson, page)).split("\n");
    expect(lines.pop()).toBe("");
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      JSON_RECORDS[0],
      { gap: { from: 8, to: 10, reason: "corrupt" } },
      JSON_RECORDS[1],
      JSON_RECORDS[2],
    ]);
  });

  it("writes NDJSON gaps behind the last record, and only among their partition's", () => {
    const lines = text(encodePage(MediaType.ndjson, {
      records: [{ ...plain, offset: 50, value: null }],
      gaps: [{ partition: 1, from: 2, to: 4, reason: "lost" }],
      rest: {},
    })).trim().split("\n");
    expect(lines.map((line) => Object.hasOwn(JSON.parse(line), "gap"))).toEqual([false, true]);
  });

  it("writes CBOR that decodes to the same, bytes as byte strings", () => {
    const bytes = encodePage(MediaType.cbor, page);
    expect(cborItemEnd(bytes, 0)).toBe(bytes.length);
    const decoded = decode(bytes);
    expect(decoded.next_offset).toBe(12);
    expect(decoded.gaps).toEqual([{ from: 8, to: 10, reason: "corrupt" }]);
    expect(decoded.records[0]).toEqual(JSON_RECORDS[0]);
    expect(Uint8Array.from(decoded.records[1].value)).toEqual(binary);
    expect(Uint8Array.from(decoded.records[1].headers[1].value)).toEqual(binary);
    expect(decoded.records[1].offset).toBe(9_007_199_254_740_990);
    expect(decoded.records[1].source.gateway).toBe("g");
  });
});

describe("encodeCbor()", () => {
  it("writes integers so that every reader gets a number, exactly", () => {
    expect(encodeCbor([0, 4294967295, -1]).toHex()).toBe("83001affffffff20");
    expect(encodeCbor(T).toHex()).toBe("fb4278bcfe56800000");
    expect(decode(encodeCbor(Number.MAX_SAFE_INTEGER))).toBe(Number.MAX_SAFE_INTEGER);
  });

  it("writes bytes untagged and maps plain, for readers without extensions", () => {
    expect(encodeCbor({ a: binary }).toHex()).toBe("a1616143ff0041");
  });
});
