import { describe, expect, it } from "vitest";
import { OperatingError } from "../../../src/base/errors.ts";
import { Query } from "../../../src/protocol/http/query.ts";

const known = ["offset", "source", "key"];
const range = { min: 0, max: Number.MAX_SAFE_INTEGER };

function parameterBlamed(task: () => unknown): unknown {
  try {
    task();
  } catch (error) {
    if (error instanceof OperatingError && error.code === "invalid_argument") {
      return error.detail["parameter"];
    }
  }
  return undefined;
}

describe("Query", () => {
  it("reads integers, flags and text", () => {
    const query = new Query("http://h/p?offset=12&source=true&key=a%20b#f", known);
    expect(query.integer("offset", range)).toBe(12);
    expect(query.flag("source")).toBe(true);
    expect(query.text("key")).toBe("a b");
  });

  it("knows what is absent", () => {
    const query = new Query("http://h/p", known);
    expect(query.integer("offset", range)).toBeUndefined();
    expect(query.flag("source")).toBe(false);
    expect(query.has("key")).toBe(false);
  });

  it("refuses a parameter that is unknown or repeated, by name", () => {
    expect(parameterBlamed(() => new Query("http://h/?ofset=1", known))).toBe("ofset");
    expect(parameterBlamed(() => new Query("http://h/?offset=1&offset=1", known))).toBe("offset");
  });

  it("refuses a number that is none, or out of range, by name", () => {
    for (const text of ["", "x", "1.5", "1e3", "-1", "0x10", "%2012", "9007199254740992", "NaN"]) {
      const query = new Query(`http://h/?offset=${text}`, known);
      expect(parameterBlamed(() => query.integer("offset", range)), text).toBe("offset");
    }
  });

  it("refuses text that is no UTF-8, and takes any that is", () => {
    expect(parameterBlamed(() => new Query("http://h/p?key=%FF", known))).toBe("key");
    expect(parameterBlamed(() => new Query("http://h/p?key=a%C3", known))).toBe("key");
    expect(new Query("http://h/p?key=%ef%bf%bd", known).text("key")).toBe("\uFFFD");
    expect(new Query("http://h/p?key=100%", known).text("key")).toBe("100%");
  });

  it("refuses a flag that is neither true nor false", () => {
    const query = new Query("http://h/?source=yes", known);
    expect(parameterBlamed(() => query.flag("source"))).toBe("source");
  });
});

describe("withPrefix()", () => {
  it("gives all names of a kind that is known by a dot at its end", () => {
    const query = new Query("http://node/?header.a=1&key=k&header.b.c=2", ["key", "header."]);
    expect(query.withPrefix("header.")).toEqual([["a", "1"], ["b.c", "2"]]);
    expect(() => new Query("http://node/?header.=1", ["key", "header."])).toThrow("known:");
    expect(() => new Query("http://node/?keys=1", ["key", "header."])).toThrow("known:");
  });
});
