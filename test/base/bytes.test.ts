import { describe, expect, it } from "vitest";
import {
  bytesEqual,
  concat,
  fromHex,
  joined,
  toHex,
  uint32At,
  utf8,
  viewOf,
} from "../../src/base/bytes.ts";

describe("concat()", () => {
  it("joins parts in order, empty ones included", () => {
    const whole = concat([Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)]);
    expect(whole).toEqual(Uint8Array.of(1, 2, 3));
  });
});

describe("joined()", () => {
  it("is a view where the parts lie end to end in one buffer", () => {
    const whole = Uint8Array.of(9, 1, 2, 3, 9);
    const view = joined([whole.subarray(1, 2), whole.subarray(2, 2), whole.subarray(2, 4)]);
    expect(view).toEqual(Uint8Array.of(1, 2, 3));
    expect(view.buffer).toBe(whole.buffer);
  });

  it("is a copy where they do not: a hole, another order, another buffer", () => {
    const whole = Uint8Array.of(1, 2, 3, 4);
    expect(joined([whole.subarray(0, 1), whole.subarray(2, 3)])).toEqual(Uint8Array.of(1, 3));
    expect(joined([whole.subarray(2, 3), whole.subarray(0, 2)])).toEqual(Uint8Array.of(3, 1, 2));
    expect(joined([whole.subarray(0, 1), Uint8Array.of(7)])).toEqual(Uint8Array.of(1, 7));
    expect(joined([])).toEqual(new Uint8Array(0));
  });
});

describe("bytesEqual()", () => {
  it("compares length and every byte", () => {
    expect(bytesEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(bytesEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(bytesEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 3))).toBe(false);
  });
});

describe("fromHex() and toHex()", () => {
  it("are each other's inverse over all bytes", () => {
    const all = Uint8Array.from({ length: 256 }, (_, at) => at);
    expect(fromHex(toHex(all))).toEqual(all);
  });

  it("refuse what is not pairs of lower-case digits", () => {
    for (const bad of ["0", "0G", "AB", "0x00"]) expect(() => fromHex(bad)).toThrow(RangeError);
  });
});

describe("viewOf()", () => {
  it("views the part, not the buffer under it", () => {
    const part = utf8("abcdef").subarray(2, 4);
    expect(viewOf(part).byteLength).toBe(2);
    expect(viewOf(part).getUint8(0)).toBe("c".charCodeAt(0));
  });
});

describe("uint32At()", () => {
  it("reads what a view reads", () => {
    const bytes = fromHex("00ffffffff7f01020380");
    for (let at = 0; at <= 6; at++) expect(uint32At(bytes, at)).toBe(viewOf(bytes).getUint32(at));
  });
});
