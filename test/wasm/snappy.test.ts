/** Snappy, bare and in xerial's framing. */
import { describe, expect, it } from "vitest";
import { concat, fromHex, utf8 } from "../../src/base/bytes.ts";
import { Status } from "../../src/core/status.ts";
import { testCore } from "../support/core.ts";
import { KAFKA_BATCHES } from "../support/kafka_batches.ts";

const core = testCore();

/** Bare blocks, element by element as the format description has them. */
const BLOCKS: [string, string, string][] = [
  ["nothing", "00", ""],
  ["a literal", "03 08 616263", "abc"],
  ["a literal of 61 bytes", `3d f03c ${"61".repeat(61)}`, "a".repeat(61)],
  ["a literal with two bytes of size", `3d f43c00 ${"61".repeat(61)}`, "a".repeat(61)],
  ["a literal with four bytes of size", `3d fc3c000000 ${"61".repeat(61)}`, "a".repeat(61)],
  ["a copy with one byte of distance", "07 08 616263 01 03", "abcabca"],
  ["a copy with two", "09 08 616263 16 0300", "abcabcabc"],
  ["a copy with four", "09 08 616263 17 03000000", "abcabcabc"],
  ["a run", "41 00 61 fe 0100", "a".repeat(65)],
];

const hexOf = (spaced: string) => fromHex(spaced.replaceAll(" ", ""));

describe("decompressSnappy()", () => {
  it.each(BLOCKS)("reads %s", (_, hex, text) => {
    expect(core.snappyDecompress(hexOf(hex))).toEqual(utf8(text));
  });

  it("refuses each of them cut anywhere", () => {
    for (const [name, hex] of BLOCKS) {
      const block = hexOf(hex);
      for (let size = 0; size < block.length; size++) {
        const status = core.snappyDecompress(block.subarray(0, size));
        expect(status, `${name} cut at ${size}`).toBe(Status.BAD_COMPRESSION);
      }
    }
  });

  it("refuses what reaches before the beginning, past the end, or says too little", () => {
    for (
      const hex of [
        "07 08616263 01 04",
        "07 08616263 01 00",
        "06 08616263 01 03",
        "08 08616263 01 03",
        "02 08 616263",
        "ff ff ff ff 1f",
        "80 80 80 80 80 00",
        "03 fc ff ff ff ff 616263",
      ]
    ) expect(core.snappyDecompress(hexOf(hex)), hex).toBe(Status.BAD_COMPRESSION);
  });

  it("believes no size over its room", () => {
    expect(core.snappyDecompress(hexOf("ff ff ff ff 0f 00 61"))).toBe(Status.TOO_LARGE);
    expect(core.snappyDecompress(hexOf("07 08 616263 01 03"), 6)).toBe(Status.TOO_LARGE);
  });

  it("reads xerial's framing, block after block", () => {
    const header = hexOf("82534e4150505900 00000001 00000001");
    const block = hexOf("00000007 0708616263 0103");
    expect(core.snappyDecompress(header)).toEqual(new Uint8Array(0));
    expect(core.snappyDecompress(concat([header, block]))).toEqual(utf8("abcabca"));
    expect(core.snappyDecompress(concat([header, block, block]))).toEqual(utf8("abcabcaabcabca"));
    for (let size = 1; size < block.length; size++) {
      const cut = concat([header, block, block.subarray(0, size)]);
      expect(core.snappyDecompress(cut)).toBe(Status.BAD_COMPRESSION);
    }
    const newer = header.slice();
    newer[15] = 2;
    expect(core.snappyDecompress(concat([newer, block]))).toBe(Status.BAD_COMPRESSION);
    expect(core.snappyDecompress(concat([header, block, block]), 13)).toBe(Status.TOO_LARGE);
  });

  it("reads a batch that Kafka's Java client would have made", () => {
    expect(core.decode(KAFKA_BATCHES.snappy)).toEqual(core.decode(KAFKA_BATCHES.plain));
    expect(core.validateRecords(KAFKA_BATCHES.snappy)).toBe(Status.OK);
  });
});
