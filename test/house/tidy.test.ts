/** What linters cannot see. Each finding names its file and line. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { expect, it } from "vitest";

/** The formatter wraps code at 100; what it leaves alone, sentences and titles, may be this long. */
const LINE_LENGTH_MAX = 110;
const UNBREAKABLE = /https?:|^\s*\/[^/* ].{80,}\/[a-z]*;$/;
const FILE_LINES_MAX = 400;

/** Where prints are the product. */
const CONSOLE_ALLOWED = ["src/main.ts", "src/cli/", "tools/", "test/bench/"];

const sources = ["src", "test", "tools"].flatMap((root) =>
  readdirSync(root, { recursive: true, encoding: "utf8" })
    .map((name) => `${root}/${name}`)
    .filter((path) => path.endsWith(".ts") && statSync(path).isFile())
    .map((path) => ({ path, lines: readFileSync(path, "utf8").split("\n") }))
);

it(`no line is longer than ${LINE_LENGTH_MAX}`, () => {
  expect(linesWhere((line) => [...line].length > LINE_LENGTH_MAX && !UNBREAKABLE.test(line)))
    .toEqual([]);
});

it(`no source file is longer than ${FILE_LINES_MAX} lines`, () => {
  const long = sources
    .filter(({ path, lines }) => path.startsWith("src/") && lines.length > FILE_LINES_MAX)
    .map(({ path, lines }) => `${path}: ${lines.length} lines`);
  expect(long).toEqual([]);
});

it("every source file says what it is", () => {
  const silent = sources
    .filter(({ path }) => path.startsWith("src/"))
    .filter(({ lines }) => !lines[0]!.startsWith("/**") || !lines.join("\n").includes("@module"))
    .map(({ path }) => path);
  expect(silent).toEqual([]);
});

it("nothing is left for later, switched off or typed away", () => {
  const words =
    /\b(TODO|FIXME|XXX|HACK)\b|@ts-ignore|@ts-nocheck|\bdebugger\b|\bas any\b|: any\b(?=[,;)=>\[\]| ])/;
  expect(linesWhere((line, path) => path !== "test/house/tidy.test.ts" && words.test(line)))
    .toEqual([]);
});

it("no test is skipped for good or runs alone", () => {
  const marks = /\b(it|describe|test)\.(only|skip|todo)\(/;
  expect(linesWhere((line, path) => path.endsWith(".test.ts") && marks.test(line))).toEqual([]);
});

it("only the command line prints", () => {
  // An example in a comment may.
  const prints = /^(?!\s*\*).*\bconsole\.\w+\(/;
  expect(linesWhere((line, path) =>
    path.startsWith("src/") && prints.test(line) &&
    !CONSOLE_ALLOWED.some((place) => path.startsWith(place))
  )).toEqual([]);
});

it("file names are snake_case", () => {
  const odd = sources.map(({ path }) => path)
    .filter((path) => !/^[a-z0-9_/]+(\.test)?\.ts$/.test(path));
  expect(odd).toEqual([]);
});

function linesWhere(found: (line: string, path: string) => boolean): string[] {
  return sources.flatMap(({ path, lines }) =>
    lines.flatMap((line, at) => found(line, path) ? [`${path}:${at + 1}: ${line.trim()}`] : [])
  );
}
