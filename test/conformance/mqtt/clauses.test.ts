/** The table of clauses and the suite agree: what is said to be tested is, and what is tested is said. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const TABLE = "src/ingress/mqtt/CLAUSES.md";
const SUITE = "test/conformance/mqtt";

/** Statements of each section, numbered from 1: appendix B of either standard. */
const SECTIONS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "MQTT 3.1.1": {
    ...{ "1.5.3": 3, "2.2.2": 2, "2.3.1": 7, "3.1.0": 2, "3.1.2": 24, "3.1.3": 11, "3.1.4": 5 },
    ...{ "3.2.0": 1, "3.2.2": 6, "3.3.1": 12, "3.3.2": 3, "3.3.4": 1, "3.3.5": 2, "3.6.1": 1 },
    ...{ "3.8.1": 1, "3.8.3": 4, "3.8.4": 6, "3.9.3": 2, "3.10.1": 1, "3.10.3": 2, "3.10.4": 6 },
    ...{ "3.12.4": 1, "3.14.1": 1, "3.14.4": 3, "4.1.0": 2, "4.3.1": 1, "4.3.2": 2, "4.3.3": 2 },
    ...{ "4.4.0": 1, "4.5.0": 2, "4.6.0": 6, "4.7.1": 3, "4.7.2": 1, "4.7.3": 4, "4.8.0": 2 },
    ...{ "6.0.0": 4, "7.0.0": 2, "7.1.1": 1, "7.1.2": 1 },
  },
  "MQTT 5": {
    ...{ "1.5.4": 3, "1.5.5": 1, "1.5.7": 1, "2.1.3": 1, "2.2.1": 6, "2.2.2": 1, "3.1.0": 2 },
    ...{ "3.1.2": 30, "3.1.3": 12, "3.1.4": 6, "3.2.0": 2, "3.2.2": 22, "3.3.1": 13, "3.3.2": 20 },
    ...{ "3.3.4": 10, "3.4.2": 3, "3.5.2": 3, "3.6.1": 1, "3.6.2": 3, "3.7.2": 3, "3.8.1": 1 },
    ...{ "3.8.3": 5, "3.8.4": 8, "3.9.2": 2, "3.9.3": 2, "3.10.1": 1, "3.10.3": 2, "3.10.4": 6 },
    ...{ "3.11.2": 2, "3.11.3": 2, "3.12.4": 1, "3.14.0": 1, "3.14.1": 1, "3.14.2": 4 },
    ...{ "3.14.4": 3, "3.15.1": 1, "3.15.2": 3, "4.1.0": 2, "4.2.0": 1, "4.3.1": 1, "4.3.2": 5 },
    ...{ "4.3.3": 13, "4.4.0": 2, "4.5.0": 2, "4.6.0": 6, "4.7.0": 1, "4.7.1": 2, "4.7.2": 1 },
    ...{ "4.7.3": 4, "4.8.2": 6, "4.9.0": 3, "4.12.0": 7, "4.12.1": 2, "4.13.1": 1, "4.13.2": 1 },
    "6.0.0": 4,
  },
};
/** The standard left this number out. */
const MISSING: Readonly<Record<string, readonly string[]>> = { "MQTT 5": ["2.2.1-1"] };

interface Row {
  readonly clause: string;
  readonly how: string;
  readonly where: string;
}

/** The rows under the heading of a version. */
function tableOf(version: string): Row[] {
  const text = readFileSync(TABLE, "utf8");
  const section = text.split(/^## /m).find((one) => one.startsWith(`${version}\n`))!;
  return [...section.matchAll(/^\| MQTT-(\S+) +\| (.*?) +\| (.*?) +\|$/gm)]
    .map(([, clause, how, where]) => ({ clause: clause!, how: how!, where: where! }));
}

interface Case {
  readonly file: string;
  readonly version: string;
  readonly clauses: readonly string[];
  readonly name: string;
}

/** Every call of `clause` in the sources. */
function cases(): Case[] {
  return readdirSync(SUITE).filter((file) =>
    file !== "clauses.test.ts" && file.endsWith(".test.ts")
  )
    .flatMap((file) => {
      const text = readFileSync(`${SUITE}/${file}`, "utf8");
      const calls = [...text.matchAll(/^clause\(\s*\{([^}]*)\},\s*"([^"]*)"/gm)];
      expect(calls.length, file).toBe([...text.matchAll(/^clause\(/gm)].length);
      return calls.flatMap(([, of, title]) => casesOf(file, of!, title!));
    });
}

function casesOf(file: string, of: string, title: string): Case[] {
  return [["v4", "MQTT 3.1.1"], ["v5", "MQTT 5"]].flatMap(([key, version]) => {
    const clauses = new RegExp(`${key}: "([^"]*)"`).exec(of)?.[1]?.split(" ");
    if (clauses === undefined) return [];
    const name = `${version} ${clauses.map((one) => `[MQTT-${one}]`).join(" ")} ${title}`;
    return [{ file, version: version!, clauses, name }];
  });
}

const suite = cases();

for (const version of Object.keys(SECTIONS)) {
  const rows = tableOf(version);

  it(`every clause of ${version} has its row, once, in order`, () => {
    const all = Object.entries(SECTIONS[version]!)
      .flatMap(([section, count]) =>
        Array.from({ length: count }, (_, nth) => `${section}-${nth + 1}`)
      )
      .filter((clause) => !MISSING[version]?.includes(clause));
    expect(rows.map(({ clause }) => clause)).toEqual(all);
  });

  it(`every clause of ${version} that is said to be tested is, in that file, and no other`, () => {
    const files = new Map<string, Set<string>>();
    for (const one of suite.filter((one) => one.version === version)) {
      for (const clause of one.clauses) {
        files.set(clause, (files.get(clause) ?? new Set()).add(one.file.replace(".test.ts", "")));
      }
    }
    const tested = [...files].map(([clause, names]) => [clause, [...names].toSorted().join(", ")]);
    const said = rows.filter(({ how }) => how === "tested").map((
      { clause, where },
    ) => [clause, where]);
    const inOrder = (pairs: (string | undefined)[][]) =>
      pairs.toSorted(([a], [b]) => a! < b! ? -1 : 1);
    expect(inOrder(said)).toEqual(inOrder(tested));
  });

  it(`every other clause of ${version} has a reason`, () => {
    for (const { how, where } of rows.filter(({ how }) => how !== "tested")) {
      expect(["not applicable", "chosen otherwise"]).toContain(how);
      expect(where.length).toBeGreaterThan(5);
    }
  });
}

it("no two cases have the same name", () => {
  const names = suite.map(({ name }) => name);
  expect(names.length).toBe(new Set(names).size);
});
