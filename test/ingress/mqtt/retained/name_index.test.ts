/** Which names a filter finds: held to TopicFilter, the one rule of what matches. */
import { describe, expect, it } from "vitest";
import { NameIndex } from "../../../../src/ingress/mqtt/retained/name_index.ts";
import { TopicFilter } from "../../../../src/protocol/mqtt/topic_filter.ts";
import { diceOf } from "../../../support/dice.ts";

function indexOf(...names: string[]): NameIndex<string> {
  const index = new NameIndex<string>();
  for (const name of names) index.set(name, name);
  return index;
}

describe("NameIndex", () => {
  it("gives back, replaces and forgets", () => {
    const index = indexOf("a", "a/b", "a/b/c", "/", "");
    expect(index.get("a/b")).toBe("a/b");
    expect(index.get("a/c")).toBeNull();
    index.set("a/b", "again");
    expect(index.size).toBe(5);
    index.delete("a/b");
    index.delete("a/b");
    index.delete("a/x/y");
    expect(index.levels, '"a", "b" and "c"; "" twice').toBe(5);
    expect([...index.matching("#")].sort()).toEqual(["", "/", "a", "a/b/c"]);
    for (const name of ["a", "a/b/c", "/", ""]) index.delete(name);
    expect([index.size, index.levels]).toEqual([0, 0]);
    expect([...index.matching("#")]).toEqual([]);
  });

  it("shows the server's own names only to filters that ask for them [MQTT-4.7.2-1]", () => {
    const index = indexOf("$SYS/uptime", "a/$b", "x");
    expect([...index.matching("#")].sort()).toEqual(["a/$b", "x"]);
    expect([...index.matching("+/uptime")]).toEqual([]);
    expect([...index.matching("$SYS/#")]).toEqual(["$SYS/uptime"]);
    expect([...index.matching("a/+")]).toEqual(["a/$b"]);
  });

  it("finds what TopicFilter matches, after any changes", () => {
    const dice = diceOf(71);
    const pick = <One>(from: readonly One[]) => from[Math.floor(dice() * from.length)]!;
    const path = (words: readonly string[]) =>
      Array.from({ length: 1 + Math.floor(dice() * 4) }, () => pick(words)).join("/");
    const index = new NameIndex<string>();
    const names = new Set<string>();
    for (let round = 0; round < 2_000; round++) {
      const name = path(["a", "b", "", "$s"]);
      if (dice() < 0.6) index.set(name, name), names.add(name);
      else index.delete(name), names.delete(name);
      const filter = path(["a", "b", "", "+", "$s"]) + (dice() < 0.3 ? "/#" : "");
      if (filter === "") continue;
      const expected = [...names].filter((one) => TopicFilter.parse(filter).matches(one)).sort();
      expect([...index.matching(filter)].sort(), `round ${round}: ${filter}`).toEqual(expected);
      expect(index.size).toBe(names.size);
    }
  });

  it("goes on where names come and go meanwhile", () => {
    const index = indexOf("a/1", "a/2", "a/3");
    const found: string[] = [];
    for (const name of index.matching("a/+")) {
      found.push(name);
      index.delete("a/2");
    }
    expect(found).toEqual(["a/1", "a/3"]);
  });
});
