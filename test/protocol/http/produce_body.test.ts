import { describe, expect, it } from "vitest";
import { fromHex, utf8 } from "../../../src/base/bytes.ts";
import { OperatingError } from "../../../src/base/errors.ts";
import { MediaType } from "../../../src/protocol/http/media_type.ts";
import { bodyValues, type SimpleBodyType } from "../../../src/protocol/http/produce_body.ts";
import { REFERENCE_SCANNER } from "../../support/json_scanner.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function textsOf(type: SimpleBodyType, body: string): string[] {
  return bodyValues(type, utf8(body), REFERENCE_SCANNER).map((value) => decoder.decode(value));
}

function faultOf(type: SimpleBodyType, body: string | Uint8Array): OperatingError {
  const bytes = typeof body === "string" ? utf8(body) : body;
  try {
    bodyValues(type, bytes, REFERENCE_SCANNER);
  } catch (error) {
    if (error instanceof OperatingError) return error;
    throw error;
  }
  throw new Error(`taken: ${body}`);
}

describe("bodyValues() of JSON", () => {
  it("makes one record of a value, as it was written", () => {
    expect(textsOf(MediaType.json, ` {"a": 1.50, "b":  1e2}\n`)).toEqual([
      `{"a": 1.50, "b":  1e2}`,
    ]);
    expect(textsOf(MediaType.json, "12345678901234567890")).toEqual(["12345678901234567890"]);
  });

  it("makes a record of each element, as it was written", () => {
    expect(textsOf(MediaType.json, `[ 1.0 , "x\\u0041", {"k" : [1, 2]},null]`))
      .toEqual(["1.0", `"x\\u0041"`, `{"k" : [1, 2]}`, "null"]);
  });

  it("keeps a byte order mark before a value, and gives it to no element of an array", () => {
    expect(textsOf(MediaType.json, "\ufeff{}")).toEqual(["\ufeff{}"]);
    expect(textsOf(MediaType.json, "\ufeff[1,2]")).toEqual(["1", "2"]);
  });

  it("refuses what is empty or malformed", () => {
    for (const body of ["", " ", "[]", "[ ]", "[1,]", "[1", "[1 2]", "{", "1 2", "[1]x", "nul"]) {
      expect(faultOf(MediaType.json, body).code, body).toBe("malformed_body");
    }
    expect(faultOf(MediaType.json, "[1, x]").detail).toEqual({ element: 1, position: 4 });
  });
});

describe("bodyValues() of NDJSON", () => {
  it("makes a record of each line, as it was written", () => {
    expect(textsOf(MediaType.ndjson, `{"a": 1}\r\n\n  2  \n"x"`)).toEqual([
      `{"a": 1}`,
      "  2  ",
      `"x"`,
    ]);
    expect(textsOf(MediaType.ndjson, "\ufeff1\n2\n")).toEqual(["\ufeff1", "2"]);
  });

  it("names the line that is no JSON, counted as an editor would", () => {
    expect(faultOf(MediaType.ndjson, `{}\n\n{"a":}\n{}`).detail).toEqual({ line: 3 });
    expect(faultOf(MediaType.ndjson, "1 2").detail).toEqual({ line: 1 });
    expect(faultOf(MediaType.ndjson, "1\n ").detail).toEqual({ line: 2 });
    expect(faultOf(MediaType.ndjson, "1\n\ufeff2").detail).toEqual({ line: 2 });
  });

  it("refuses a body without a line", () => {
    for (const body of ["", "\n", "\r\n\r\n"]) {
      expect(faultOf(MediaType.ndjson, body).code).toBe("malformed_body");
    }
  });
});

describe("bodyValues() of text", () => {
  it("makes a record of each line, byte for byte", () => {
    expect(textsOf(MediaType.text, "\ufeffa\r\n\r\n b \nc")).toEqual(["\ufeffa", " b ", "c"]);
    const bytes = Uint8Array.of(0xff, 0x0a, 0x00, 0x0d, 0x0d, 0x0a);
    expect(bodyValues(MediaType.text, bytes, REFERENCE_SCANNER))
      .toEqual([Uint8Array.of(0xff), Uint8Array.of(0x00, 0x0d)]);
  });
});

describe("bodyValues() of CBOR", () => {
  const hexOf = (hex: string) =>
    bodyValues(MediaType.cbor, fromHex(hex), REFERENCE_SCANNER).map((value) => value.toHex());

  it("makes one record of an item, and of each element of an array, as they were sent", () => {
    expect(hexOf("a1616101")).toEqual(["a1616101"]);
    expect(hexOf("821903e81a000003e8")).toEqual(["1903e8", "1a000003e8"]);
    expect(hexOf("9f01f97e00ff")).toEqual(["01", "f97e00"]);
  });

  it("refuses what is empty, malformed or followed by more", () => {
    for (const hex of ["", "80", "9fff", "8301", "0000", "800a", "ff"]) {
      expect(faultOf(MediaType.cbor, fromHex(hex)).code, hex).toBe("malformed_body");
    }
  });
});

describe("bodyValues() of octets", () => {
  it("is the body", () => {
    const body = Uint8Array.of(0, 255, 10, 13);
    expect(bodyValues(MediaType.octets, body, REFERENCE_SCANNER)).toEqual([body]);
    expect(faultOf(MediaType.octets, "").code).toBe("malformed_body");
  });
});

describe("bodyValues()", () => {
  it("refuses more records than a request may hold", () => {
    expect(faultOf(MediaType.text, "x\n".repeat(100_001)).code).toBe("body_too_large");
    const many = new Uint8Array(100_006).fill(0);
    many.set([0x9a, 0, 1, 0x86, 0xa1]);
    expect(faultOf(MediaType.cbor, many).code).toBe("body_too_large");
  });
});
