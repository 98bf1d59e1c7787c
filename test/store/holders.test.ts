/** Who holds what lies elsewhere: what several senders say together. */
import { describe, expect, it } from "vitest";
import {
  areSameHolders,
  bothHolders,
  HOLDERS_MAX,
  holdersBeside,
  isOnly,
} from "../../src/store/holders.ts";

const [A, B] = ["a".repeat(16), "b".repeat(16)];

describe("bothHolders()", () => {
  it("knows of all, or of none", () => {
    expect(bothHolders([B], [A, B])).toEqual([A, B]);
    expect(bothHolders([A], undefined)).toBeUndefined();
    expect(bothHolders(undefined, [A])).toBeUndefined();
    const many = Array.from({ length: HOLDERS_MAX }, (_, at) => `${at}`);
    expect(bothHolders(many, many)).toHaveLength(HOLDERS_MAX);
    expect(bothHolders(many, [A])).toBeUndefined();
  });
});

describe("isOnly()", () => {
  it("is so where nobody else may hold it, as far as all know", () => {
    expect(isOnly([A], A)).toBe(true);
    expect(isOnly([A, B], A)).toBe(false);
    expect(isOnly([B], A)).toBe(false);
    expect(isOnly(undefined, A)).toBe(false);
  });
});

describe("holdersBeside()", () => {
  it("leaves out who turned out to lack it", () => {
    expect(holdersBeside([A, B], A)).toEqual([B]);
    expect(holdersBeside(undefined, A)).toBeUndefined();
  });
});

describe("areSameHolders()", () => {
  it("tells those that are not known from any that are", () => {
    expect(areSameHolders([A, B], [A, B])).toBe(true);
    expect(areSameHolders([A], [B])).toBe(false);
    expect(areSameHolders([A], undefined)).toBe(false);
    expect(areSameHolders(undefined, undefined)).toBe(true);
  });
});
