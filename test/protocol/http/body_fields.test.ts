import { describe, expect, it } from "vitest";
import { BodyFields } from "../../../src/protocol/http/body_fields.ts";

const fields = (document: unknown) => new BodyFields(document, "body", ["a", "b"]);
const range = { min: 1, max: 3 };

describe("BodyFields", () => {
  it("takes members of their type and range; null is as good as absent", () => {
    expect(fields({ a: "abc" }).text("a", range)).toBe("abc");
    expect(fields({ a: 3 }).integer("a", range)).toBe(3);
    expect(fields({ a: 3n }).integer("a", range)).toBe(3);
    expect(fields({ a: [1, "x"] }).list("a", range)).toEqual([1, "x"]);
    for (const document of [{}, { a: null }, { a: undefined }]) {
      expect(fields(document).text("a", range)).toBeUndefined();
      expect(fields(document).integer("a", range)).toBeUndefined();
      expect(fields(document).list("a", range)).toBeUndefined();
    }
  });

  it("refuses others by name", () => {
    for (const a of ["", "abcd", 1, [], {}, true]) {
      expect(() => fields({ a }).text("a", range)).toThrow(
        'Cannot use "a" of body: expected a text',
      );
    }
    for (const a of [0, 4, 1.5, "1", NaN, Infinity, 2n ** 64n, [1], true]) {
      expect(() => fields({ a }).integer("a", range)).toThrow("expected an integer from 1 to 3");
    }
    for (const a of [[], [1, 2, 3, 4], "abc", { length: 2 }]) {
      expect(() => fields({ a }).list("a", range)).toThrow("expected a list of 1 to 3");
    }
    expect(() => fields({ c: 1 })).toThrow('Cannot use member "c" of body: known: a, b');
    expect(() => fields({}).required("a", undefined)).toThrow('it lacks "a"');
    expect(fields({}).required("a", 0)).toBe(0);
  });

  it("refuses what is no plain object, and what is only inherited", () => {
    for (const document of [null, undefined, 1, "{}", [], new Date(), new Map([["a", 1]])]) {
      expect(() => fields(document)).toThrow("Cannot use body: expected an object");
    }
    const known = ["toString"];
    expect(new BodyFields({}, "body", known).text("toString", range)).toBeUndefined();
    expect(() => fields(JSON.parse('{"__proto__":1}'))).toThrow('member "__proto__"');
  });
});
