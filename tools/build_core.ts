/**
 * Builds the WASM core where it is missing or older than what it is made from, and says nothing.
 *
 *     wasm/build/core.wasm           SIMD, for every engine we run on
 *     wasm/build/core.relaxed.wasm   relaxed SIMD besides: a faster CRC-32C where it validates
 *
 * Two may build at once: each writes a file of its own and renames it into place.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const BUILD = `${ROOT}wasm/build`;
const ASSEMBLY = `${ROOT}wasm/assembly`;
const OUTPUTS = ["core.wasm", "core.relaxed.wasm"] as const;

/** 64 KiB each; `wasm/assembly/memory.ts` lays them out, MEMORY_END is their end. */
const MEMORY_PAGES = 888;

const FLAGS = [
  `${ASSEMBLY}/index.ts`,
  ...["--runtime", "stub"],
  ...["--use", "abort="],
  ...["--enable", "simd"],
  ...["--enable", "bulk-memory"],
  ...["--initialMemory", `${MEMORY_PAGES}`],
  ...["--maximumMemory", `${MEMORY_PAGES}`],
  "-O3",
  "--noAssert",
  "--converge",
];

const RELAXED_FLAGS = ["--enable", "relaxed-simd", "--use", "RELAXED=1"];

/** Milliseconds of the last change; 0 where there is no such file. */
function changedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function isFresh(): boolean {
  const sources = readdirSync(ASSEMBLY).map((name) => `${ASSEMBLY}/${name}`);
  sources.push(fileURLToPath(import.meta.url), `${ROOT}package.json`);
  const newest = Math.max(...sources.map(changedMs));
  return OUTPUTS.every((name) => changedMs(`${BUILD}/${name}`) >= newest);
}

async function build(name: typeof OUTPUTS[number]): Promise<void> {
  const { default: asc } = await import("assemblyscript/asc");
  const flags = name === "core.wasm" ? FLAGS : [...FLAGS, ...RELAXED_FLAGS];
  const started = new Date();
  let wasm: Uint8Array | null = null;
  let messages = "";
  const { error } = await asc.main([...flags, "--outFile", name], {
    stderr: { write: (text: string | Uint8Array) => void (messages += text) },
    readFile: (path: string) => readText(path.startsWith("/") ? path : `${ROOT}${path}`),
    writeFile: (_path: string, contents: string | Uint8Array) => {
      if (typeof contents !== "string") wasm = contents;
    },
  });
  if (error !== null || wasm === null) {
    throw new Error(`Cannot build ${name}:\n${messages}`, { cause: error });
  }
  const temporary = `${BUILD}/${name}.${process.pid}`;
  writeFileSync(temporary, wasm);
  // As old as the build's beginning: a source that changed meanwhile is newer.
  await Deno.utime(temporary, started, started);
  renameSync(temporary, `${BUILD}/${name}`);
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

if (!isFresh()) {
  mkdirSync(BUILD, { recursive: true });
  for (const name of OUTPUTS) await build(name);
}
