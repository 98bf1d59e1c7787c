import { decode } from "cbor-x";
import { describe, expect, it } from "vitest";
import { answer, checkAnswerable } from "../../../src/protocol/http/answer.ts";

const requestFor = (accept: string) => new Request("http://h/", { headers: { accept } });

describe("answer()", () => {
  it("is JSON, or CBOR where the reader wants that", async () => {
    const document = { a: [1, "x", null] };
    const json = answer(requestFor("*/*"), document);
    expect(json.headers.get("content-type")).toBe("application/json");
    expect(await json.json()).toEqual(document);
    const cbor = answer(requestFor("application/cbor"), document);
    expect(cbor.headers.get("content-type")).toBe("application/cbor");
    expect(decode(await cbor.bytes())).toEqual(document);
  });

  it("refuses a reader who wants neither", () => {
    expect(() => answer(requestFor("text/html"), {})).toThrow(/Cannot answer in/);
    expect(() => checkAnswerable(requestFor("text/html"))).toThrow(/Cannot answer in/);
    expect(() => checkAnswerable(requestFor("application/cbor"))).not.toThrow();
  });
});
