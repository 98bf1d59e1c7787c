/**
 * A project that somebody else may have: an empty directory, into which the packed client library
 * was installed by npm, with what it needs from the registry. Node is 22 or later: LOGBOOM_TEST_NODE
 * names one where the machine's own is older.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { denoPath } from "./process.ts";
import { hasTool, runTool } from "./tools.ts";

const NODE_MAJOR_MIN = 22;

/** Null where there is none, and the tests that need it are skipped by name. */
export const NODE: string | null = hasTool("npm") ? pathOfNode() : null;

/** Packs the library, and installs it into an empty project below `directory`: its path. */
export async function installClient(directory: string): Promise<string> {
  const tarball = await packClient(directory);
  const project = join(directory, "project");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{"private":true,"type":"module"}');
  writeFileSync(
    join(project, "deno.json"),
    '{"nodeModulesDir":"manual","compilerOptions":{"strict":true,"exactOptionalPropertyTypes":true}}',
  );
  const flags = ["--no-audit", "--no-fund", "--prefer-offline", "--prefix", project];
  await expectZero("npm", ["install", ...flags, tarball]);
  return project;
}

/** The tarball that `deno task pack` makes. */
export async function packClient(directory: string): Promise<string> {
  const out = join(directory, "packed");
  const tool = join(import.meta.dirname!, "../../tools/pack.ts");
  await expectZero(denoPath(), ["run", "-A", tool, "--out", out]);
  const [name, ...others] = readdirSync(out);
  if (name === undefined || others.length > 0) throw new Error(`Packed ${name}, ${others}`);
  return join(out, name);
}

/** Its standard output; rejects when it fails. */
export async function expectZero(command: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runTool(command, args);
  const said = new TextDecoder().decode(stdout);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")}: ${code}\n${said}\n${stderr}`);
  return said;
}

function pathOfNode(): string | null {
  const names = [process.env.LOGBOOM_TEST_NODE, "node"];
  return names.find((name) => {
    if (name === undefined || name === "") return false;
    const { status, stdout } = spawnSync(name, ["--version"], { encoding: "utf8" });
    return status === 0 && Number(/^v(\d+)\./.exec(stdout)?.[1]) >= NODE_MAJOR_MIN;
  }) ?? null;
}
