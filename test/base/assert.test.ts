import { expect, it } from "vitest";
import { assert, AssertionError } from "../../src/base/assert.ts";

it("assert() throws an AssertionError that quotes the claim when it does not hold", () => {
  expect(() => assert(1 > 2, "one is more than two")).toThrow(AssertionError);
  expect(() => assert(false, "offsets are dense")).toThrow("Broken invariant: offsets are dense");
});

it("assert() passes what holds", () => {
  assert(1 < 2, "one is less than two");
});
