/** Reading the core's record table; decode() in core.test.ts covers the whole way. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import type { DecodedRecord } from "../../src/core/record.ts";
import { RecordTableReader } from "../../src/core/record_table.ts";

describe("RecordTableReader.read()", () => {
  it("goes on counting offsets where the last table ended", () => {
    const reader = new RecordTableReader(utf8("kv"), {
      offset: 100,
      timestamp: 1000,
      appendTime: null,
    });
    const records: DecodedRecord[] = [];
    reader.read(Int32Array.of(5, 0, 0, 1, 1, 1, 0), 1, records);
    reader.read(Int32Array.of(-5, -1, 0, -1, 1, -1, 1, 0, 1, 0, -1), 1, records);
    expect(records).toEqual([
      { offset: 100, timestamp: 1005, key: utf8("k"), value: utf8("v"), headers: [] },
      { offset: 101, timestamp: 995, key: null, value: null, headers: [["k", null]] },
    ]);
  });

  it("tells header names apart that lie in the same place", () => {
    const reader = new RecordTableReader(utf8("abab"), {
      offset: 0,
      timestamp: 0,
      appendTime: 7,
    });
    const records: DecodedRecord[] = [];
    const row = (at: number) => [0, 0, 0, -1, 0, -1, 1, at, 2, 0, -1];
    reader.read(Int32Array.from([...row(0), ...row(1), ...row(2)]), 3, records);
    expect(records.map(({ headers }) => headers[0]![0])).toEqual(["ab", "ba", "ab"]);
    expect(records.every(({ timestamp }) => timestamp === 7)).toBe(true);
  });
});
