/**
 * Vectors: RFC 8949, appendix A (examples) and appendix F (not well-formed).
 */
import { describe, expect, it } from "vitest";
import { fromHex } from "../../../src/base/bytes.ts";
import { cborArrayElements, cborItemEnd } from "../../../src/protocol/http/cbor_item.ts";

const WELL_FORMED = [
  "00",
  "17",
  "1818",
  "1903e8",
  "1a000f4240",
  "1bffffffffffffffff",
  "3bffffffffffffffff",
  "f90000",
  "fa47c35000",
  "fb7e37e43c8800759c",
  "f4",
  "f6",
  "f7",
  "f0",
  "f8ff",
  "c074323031332d30332d32315432303a30343a30305a",
  "d74401020304",
  "d818456449455446",
  "40",
  "4401020304",
  "60",
  "6161",
  "62225c",
  "64f0908591",
  "80",
  "83010203",
  "8301820203820405",
  "a0",
  "a201020304",
  "a26161016162820203",
  "826161a161626163",
  "5f42010243030405ff",
  "7f657374726561646d696e67ff",
  "9fff",
  "9f018202039f0405ffff",
  "83018202039f0405ff",
  "bf61610161629f0203ffff",
  "bf6346756ef563416d7421ff",
];

const NOT_WELL_FORMED = [
  "",
  "18",
  "19",
  "1a",
  "1b",
  "1901",
  "1a0102",
  "1b01020304050607",
  "38",
  "58",
  "78",
  "98",
  "9a01ff00",
  "b8",
  "d8",
  "f8",
  "f900",
  "fa0000",
  "fb000000",
  "41",
  "61",
  "5affffffff00",
  "5bffffffffffffffff010203",
  "7affffffff00",
  "7b7fffffffffffffff010203",
  "81",
  "818181818181818181",
  "8200",
  "a1",
  "a20102",
  "a100",
  "a2000000",
  "c0",
  "5f4100",
  "7f6100",
  "9f",
  "9f0102",
  "bf",
  "bf01020102",
  "819f",
  "9f8000",
  "9f9f9f9f9fffffffff",
  "9f819f819f9fffffff",
  "1c",
  "1d",
  "1e",
  "3c",
  "3d",
  "3e",
  "5c",
  "5d",
  "5e",
  "7c",
  "9c",
  "bc",
  "dc",
  "fc",
  "fd",
  "fe",
  "f800",
  "f801",
  "f818",
  "f81f",
  "5f00ff",
  "5f21ff",
  "5f6100ff",
  "5f80ff",
  "5fa0ff",
  "5fc000ff",
  "5fe0ff",
  "7f4100ff",
  "5f5f4100ffff",
  "7f7f6100ffff",
  "ff",
  "81ff",
  "8200ff",
  "a1ff",
  "a1ff00",
  "a100ff",
  "a20000ff",
  "9f81ff",
  "9f829f819f9fffffffff",
  "bf00ff",
  "bf000000ff",
  "1f",
  "3f",
  "df",
];

describe("cborItemEnd()", () => {
  it.each(WELL_FORMED)("ends where %s ends", (hex) => {
    const item = fromHex(hex);
    expect(cborItemEnd(item, 0)).toBe(item.length);
    expect(cborItemEnd(fromHex(`00${hex}00`), 1)).toBe(item.length + 1);
  });

  it.each(NOT_WELL_FORMED)("refuses %s", (hex) => {
    expect(cborItemEnd(fromHex(hex), 0)).toBeLessThan(0);
  });

  it("refuses what is nested beyond reason, and does not overflow the stack", () => {
    expect(cborItemEnd(new Uint8Array(1_000_000).fill(0x81), 0)).toBeLessThan(0);
    expect(cborItemEnd(new Uint8Array(1_000_000).fill(0xc1), 0)).toBeLessThan(0);
    expect(cborItemEnd(new Uint8Array(1_000_000).fill(0x9f), 0)).toBeLessThan(0);
  });

  it("tells where the bytes went wrong", () => {
    expect(cborItemEnd(fromHex("8301021c"), 0)).toBe(-1 - 3);
  });
});

describe("cborArrayElements()", () => {
  it("gives the source range of each element, in both forms of an array", () => {
    expect(cborArrayElements(fromHex("8301820203820405"), 10))
      .toEqual({ elements: [[1, 2], [2, 5], [5, 8]], end: 8 });
    expect(cborArrayElements(fromHex("9f018202039f0405ffff"), 10))
      .toEqual({ elements: [[1, 2], [2, 5], [5, 9]], end: 10 });
  });

  it("is null for what is no array, and negative for what is malformed", () => {
    expect(cborArrayElements(fromHex("a0"), 10)).toBeNull();
    expect(cborArrayElements(fromHex("8301"), 10)).toBeLessThan(0);
    expect(cborArrayElements(fromHex("9bffffffffffffffff"), 10)).toBeLessThan(0);
    expect(cborArrayElements(new Uint8Array(), 10)).toBeLessThan(0);
  });

  it("looks no further than the first element too many", () => {
    expect(cborArrayElements(fromHex("9f010203ff"), 1))
      .toEqual({ elements: [[1, 2], [2, 3]], end: 3 });
  });
});
