import { describe, expect, it } from "vitest";
import { decodeFormat, encodeFormat, FORMAT_VERSION } from "../../src/format/format_json.ts";

describe("decodeFormat()", () => {
  it("gives back what was encoded", () => {
    const format = { formatVersion: FORMAT_VERSION, nodeId: "0123456789abcdef" };
    expect(decodeFormat(encodeFormat(format))).toEqual(format);
  });

  it("refuses a newer format with a sentence that says what to do", () => {
    const newer = encodeFormat({ formatVersion: 9, nodeId: "0123456789abcdef" });
    expect(() => decodeFormat(newer)).toThrow(expect.objectContaining({
      code: "format_too_new",
      message: expect.stringContaining("Run the newer logboom"),
    }));
  });

  it("refuses what it did not write", () => {
    const texts = ["", "{", "null", "[]", '{"format_version":0,"node_id":"0123456789abcdef"}'];
    for (const text of [...texts, '{"format_version":1}', '{"format_version":1,"node_id":"x"}']) {
      expect(() => decodeFormat(text), text).toThrow(expect.objectContaining({
        code: "data_dir_unusable",
      }));
    }
  });
});
