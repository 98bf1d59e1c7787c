/** What the client library says of itself: every public symbol with an example that is checked. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, it } from "vitest";
import { denoPath } from "../support/process.ts";
import { runTool } from "../support/tools.ts";

const ENTRY = "src/client/mod.ts";
const directory = mkdtempSync(join(tmpdir(), "logboom-examples-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

it("every public symbol, and every member of it, says what it is", async () => {
  const { code, stdout, stderr } = await runTool(denoPath(), ["doc", "--lint", ENTRY]);
  expect(code, `${new TextDecoder().decode(stdout)}${stderr}`).toBe(0);
});

it("every public symbol has an example", () => {
  const modules = readdirSync("src/client").filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(`src/client/${name}`, "utf8"));
  const bare = symbols().filter((name) => {
    const found = new RegExp(
      `/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\nexport (?:interface|type|class|function) ${name}\\b`,
    );
    return !modules.some((text) => found.exec(text)?.[1]?.includes("@example"));
  });
  expect(symbols().length).toBeGreaterThan(40);
  expect(bare).toEqual([]);
});

it("every example is what the compiler takes, in the documents too", async () => {
  const documents = ["README.md", ...readdirSync("src/client").map((name) => `src/client/${name}`)];
  const examples = documents.flatMap((path) => examplesIn(path, readFileSync(path, "utf8")));
  expect(examples.length).toBeGreaterThan(60);
  examples.forEach(({ name, code }) => writeFileSync(join(directory, name), code));
  const options = { strict: true, exactOptionalPropertyTypes: true };
  writeFileSync(
    join(directory, "deno.json"),
    JSON.stringify({
      compilerOptions: { ...options, noUncheckedIndexedAccess: true },
      imports: { "@logboom/client": resolve(ENTRY) },
    }),
  );
  const { code, stderr } = await runTool(denoPath(), [
    ...["check", "--config", join(directory, "deno.json")],
    ...examples.map(({ name }) => join(directory, name)),
  ]);
  expect(code, stderr).toBe(0);
});

function symbols(): string[] {
  const text = readFileSync(ENTRY, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  return [...text.matchAll(/\{([^}]*)\}/g)].flatMap(([, list]) => list!.split(","))
    .map((name) => name.replace(/\btype\b/, "").trim()).filter((name) => name !== "");
}

/** Blocks of TypeScript that use the library; each is a module of its own. */
function examplesIn(
  path: string,
  text: string,
): { readonly name: string; readonly code: string }[] {
  const bare = path.endsWith(".ts") ? text.replace(/^\s*\* ?/gm, "") : text;
  return [...bare.matchAll(/^```ts\n([\s\S]*?)^```$/gm)]
    .filter(([, code]) => code!.includes("@logboom/client"))
    .map(([, code], nth) => ({
      name: `${path.replaceAll(/\W/g, "_")}_${nth}.ts`,
      code: `${code}\nexport {};\n`,
    }));
}
