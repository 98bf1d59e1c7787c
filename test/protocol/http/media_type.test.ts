import { describe, expect, it } from "vitest";
import { bodyMediaType, MediaType, negotiate } from "../../../src/protocol/http/media_type.ts";

const accepted = [MediaType.json, MediaType.ndjson, MediaType.text];

describe("bodyMediaType()", () => {
  it("ignores case and parameters", () => {
    expect(bodyMediaType("Application/JSON; charset=UTF-8", accepted)).toBe(MediaType.json);
    expect(bodyMediaType("text/plain;charset=us-ascii", accepted)).toBe(MediaType.text);
  });

  it("refuses what is missing or not accepted, naming what is", () => {
    for (const header of [null, "", "image/png", "application/jsonx"]) {
      expect(() => bodyMediaType(header, accepted)).toThrow(/expected one of application\/json/);
    }
  });

  it("tells a user of curl -d what is missing", () => {
    expect(() => bodyMediaType("application/x-www-form-urlencoded", accepted)).toThrow(/curl/);
  });

  it("refuses text in another character set", () => {
    expect(() => bodyMediaType("text/plain; charset=latin1", accepted)).toThrow(/latin1/);
  });
});

describe("negotiate()", () => {
  const offered = [MediaType.json, MediaType.ndjson, MediaType.cbor];

  it("gives the server's first choice when the reader does not care", () => {
    for (const header of [null, "", "*/*", "application/*", "text/html, */*;q=0.1"]) {
      expect(negotiate(header, offered), String(header)).toBe(MediaType.json);
    }
  });

  it("gives what the reader prefers", () => {
    expect(negotiate("application/cbor", offered)).toBe(MediaType.cbor);
    expect(negotiate("application/json;q=0.5, application/x-ndjson", offered))
      .toBe(MediaType.ndjson);
    expect(negotiate("application/json;q=0, */*", offered)).toBe(MediaType.ndjson);
  });

  it("refuses when nothing offered is acceptable", () => {
    expect(() => negotiate("text/html", offered)).toThrow(/offered are application\/json/);
    expect(() => negotiate("application/json;q=0", offered)).toThrow(/Cannot answer in/);
    expect(() => negotiate("application/json;q=9", offered)).toThrow(/Cannot answer in/);
  });

  it("refuses a header that is longer than any honest one", () => {
    expect(() => negotiate("a/b,".repeat(1_000), offered)).toThrow(/too long/);
  });
});
