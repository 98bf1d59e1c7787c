/** Every source file with behaviour has its test at the mirrored path, and no test outlives it. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

/** Sources without a mirror, each with its reason. Keep this list short. */
const EXEMPT: Readonly<Record<string, string>> = {
  "src/base/client_limits.ts": "numbers; their relations are asserted when it loads",
  "src/client/mod.ts": "names what users of the library may import, and nothing else",
  "src/base/limits.ts": "numbers; their relations are asserted when it loads",
  "src/base/group_limits.ts": "the same",
  "src/base/link_limits.ts": "the same",
  "src/main.ts": "a process from outside: test/conformance starts it for real",
  "src/mod.ts": "names what embedders may import, and nothing else",
};

/** Folders of tests that mirror no source. */
const FREE = ["bench", "conformance", "contract", "edge", "fixtures", "fuzz", "house", "sim"];

const sources = listed("src").filter((path) => path.endsWith(".ts"));

it("every source file with behaviour has a mirror test", () => {
  const missing = sources
    .filter((path) => hasBehaviour(path) && EXEMPT[path] === undefined)
    .filter((path) => !existsSync(mirrorOf(path)))
    .map((path) => `${path}: ${mirrorOf(path)} is missing`);
  expect(missing).toEqual([]);
});

it("every exemption is of a file that is there and has no mirror", () => {
  const stale = Object.keys(EXEMPT).filter((path) =>
    !existsSync(path) || existsSync(mirrorOf(path))
  );
  expect(stale).toEqual([]);
});

it("every test mirrors a source, or stands in a folder that need not", () => {
  const orphans = listed("test")
    .filter((path) => path.endsWith(".test.ts"))
    .filter((path) => !["wasm", "support", ...FREE].includes(path.split("/")[1]!))
    .filter((path) => !existsSync(sourceOf(path)));
  expect(orphans).toEqual([]);
});

function listed(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" }).map((name) => `${root}/${name}`);
}

function mirrorOf(path: string): string {
  return path.replace(/^src\//, "test/").replace(/\.ts$/, ".test.ts");
}

function sourceOf(path: string): string {
  return path.replace(/^test\//, "src/").replace(/\.test\.ts$/, ".ts");
}

/** Types and interfaces alone have no behaviour; a function, class or table of values has. */
function hasBehaviour(path: string): boolean {
  const text = readFileSync(path, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  return /^(export )?(default )?(async )?(function|class|abstract class)\b/m.test(text) ||
    /^(export )?const \w+[^=]*= (async )?(\(|function)/m.test(text);
}
