import { describe, expect, it } from "vitest";
import { listOf, mapOf, Misfit, type Reader, shape, value } from "../../src/config/reader.ts";

const word = value(
  "a word",
  (given) => typeof given === "string" && /^\w+$/.test(given) ? given : undefined,
);
const pets = mapOf("names to pets", word, shape({ kind: word }, { toys: listOf("toys", word, 1) }));

function misfitOf(reader: Reader<unknown>, given: unknown): Partial<Misfit> {
  try {
    reader(given);
  } catch (error) {
    if (error instanceof Misfit) {
      return { message: error.message, given: error.given, path: error.path };
    }
  }
  return {};
}

describe("readers", () => {
  it("yield what fits, without keys that are missing", () => {
    const given = { rex: { kind: "dog", toys: ["ball"] }, tom: { kind: "cat" } };
    expect(pets(given)).toEqual(given);
    expect(pets({})).toEqual({});
  });

  it.each<[unknown, Partial<Misfit>]>([
    ["x", { message: "expected a map of names to pets", given: "x", path: [] }],
    [{ rex: [] }, { message: "expected a map of kind, toys", given: [], path: ["rex"] }],
    [{ rex: {} }, { message: "expected a word", given: undefined, path: ["rex", "kind"] }],
    [{ rex: { kind: "a b" } }, { message: "expected a word", given: "a b", path: ["rex", "kind"] }],
    [{ "r x": { kind: "a" } }, { message: "expected a word", given: undefined, path: ["r x"] }],
    [{ rex: { kind: "a", toys: [] } }, { message: "expected at least one of toys" }],
    [{ rex: { kind: "a", toys: ["b", 3] } }, { given: 3, path: ["rex", "toys", 1] }],
    [
      { rex: { kind: "a", tosy: [] } },
      { message: 'there is no key "tosy"; did you mean toys?', path: ["rex"] },
    ],
    [{ rex: { kind: "a", constructor: 1 } }, { message: 'there is no key "constructor"' }],
  ])("say where %j does not fit, and what was expected", (given, misfit) => {
    expect(misfitOf(pets, given)).toMatchObject(misfit);
  });
});
