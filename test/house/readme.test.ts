/** The front door must not promise what is not there. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { SETTINGS } from "../../src/config/settings.ts";

const documents = ["README.md", "edge/README.md", ...deeper("src"), ...deeper("wasm")];

function deeper(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `${root}/${name}`);
}

describe.each(documents)("%s", (path) => {
  it("links to files that are there", () => {
    const links = [...readFileSync(path, "utf8").matchAll(/\]\(([^)#:]+)\)/g)].map(([, to]) => to!);
    expect(links.filter((to) => !existsSync(join(dirname(path), to)))).toEqual([]);
  });
});

describe("README.md", () => {
  const readme = readFileSync("README.md", "utf8");

  it("lists every setting with its default and its meaning", () => {
    const rows = readme.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
    const listed = Object.fromEntries(
      rows.filter(([, flag]) => flag?.startsWith("`--")).map(([, flag, ...rest]) => [flag, rest]),
    );
    for (const [key, { default: value, meaning }] of Object.entries(SETTINGS)) {
      const shown = value === undefined ? "none" : `\`${value}\``;
      expect(listed[`\`--${key.replaceAll("_", "-")}\``]?.slice(0, 2), key)
        .toEqual([shown, meaning]);
    }
  });

  it("gives a reason for every dependency", () => {
    const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Record<string, object>;
    const names = ["dependencies", "devDependencies", "overrides"]
      .flatMap((group) => Object.keys(manifest[group] ?? {}));
    const reasons = readme.slice(readme.indexOf("## Dependencies"));
    expect(names.filter((name) => !reasons.includes(name))).toEqual([]);
  });

  it("names the test of each promise", () => {
    const promises = readme.split("\n").filter((line) => /^\| P\d /.test(line));
    expect(promises).toHaveLength(8);
    expect(promises.filter((line) => !/\]\(test\/|deno task bench/.test(line))).toEqual([]);
  });
});
