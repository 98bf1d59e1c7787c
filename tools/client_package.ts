/**
 * The client library as a package of its own: its modules and what they import, with the WASM core
 * inside, laid out in a directory from which `deno pack` and dnt make the npm package.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));
export const ENTRY = "src/client/mod.ts";
export const PACKAGE_NAME = "@logboom/client";

const CORE_BYTES = "src/client/core_bytes.ts";
const CORE_WASM = "wasm/build/core.wasm";
const MANIFEST = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  readonly version: string;
  readonly license: string;
};

export const VERSION = MANIFEST.version;

/** What the package's manifest says beside its name, version and entry. */
export function npmManifest(): object {
  return {
    description: "Client library of logboom: read, write and follow logs over HTTP, " +
      "from Deno, Node 22 and later, and browsers",
    license: MANIFEST.license,
    keywords: ["logboom", "logs", "kafka", "sse"],
    engines: { node: ">=22" },
    sideEffects: false,
  };
}

/** Lays the package out in an empty directory; the paths of its modules in there. */
export function stageClient(directory: string): string[] {
  const modules = modulesFrom(ENTRY);
  for (const path of modules) {
    const target = join(directory, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, path === CORE_BYTES ? embeddedCore() : readFileSync(join(ROOT, path)));
  }
  for (const [from, to] of [["LICENSE", "LICENSE"], ["src/client/README.md", "README.md"]]) {
    cpSync(join(ROOT, from!), join(directory, to!));
  }
  writeFileSync(join(directory, "deno.json"), json(denoManifest()));
  return modules;
}

function denoManifest(): object {
  return {
    name: PACKAGE_NAME,
    version: VERSION,
    license: MANIFEST.license,
    exports: `./${ENTRY}`,
    nodeModulesDir: "none",
    compilerOptions: { strict: true, exactOptionalPropertyTypes: true },
  };
}

/** A module and all that it imports, by their paths from the root of the repository. */
function modulesFrom(entry: string): string[] {
  const found = new Set<string>();
  const look = (path: string) => {
    if (found.has(path)) return;
    found.add(path);
    const text = readFileSync(join(ROOT, path), "utf8");
    for (const [, target] of text.matchAll(/^(?:import|export)\b[^;"]*\bfrom\s+"(\.[^"]+)"/gm)) {
      look(relative(ROOT, join(ROOT, dirname(path), target!)));
    }
  };
  look(entry);
  return [...found].sort();
}

/** In place of the module that reads the core from beside the source. */
function embeddedCore(): string {
  const base64 = readFileSync(join(ROOT, CORE_WASM)).toString("base64");
  return `/**
 * The compiled WASM core.
 *
 * @module
 */
import { fromBase64 } from "./base64.ts";

/** Its bytes. */
export function coreBytes(): Promise<Uint8Array> {
  return Promise.resolve(fromBase64(BASE64));
}

const BASE64: string =
  "${base64}";
`;
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
