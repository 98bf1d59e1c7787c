import { describe, expect, it } from "vitest";
import { type Random, randomHex, randomPositive63 } from "../../src/base/random.ts";

const scripted = (...draws: number[][]): Random => ({
  fill(into) {
    into.set(draws.shift() ?? []);
  },
  next: () => 0,
});

it("randomHex() writes each byte as two digits", () => {
  expect(randomHex(scripted([0, 10, 255]), 3)).toBe("000aff");
});

describe("randomPositive63()", () => {
  it("clears the sign bit", () => {
    expect(randomPositive63(scripted([255, 255, 255, 255, 255, 255, 255, 255])))
      .toBe("7fffffffffffffff");
  });

  it("draws again when it drew zero, with or without the sign bit", () => {
    const zero = [0, 0, 0, 0, 0, 0, 0, 0];
    const signOnly = [128, 0, 0, 0, 0, 0, 0, 0];
    expect(randomPositive63(scripted(zero, signOnly, [0, 0, 0, 0, 0, 0, 0, 1])))
      .toBe("0000000000000001");
  });
});
