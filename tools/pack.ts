/**
 * `deno task pack [--out DIR]`: makes the npm package of the client library with `deno pack`, and
 * says where it is. DIR is `dist` where left out.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { npmManifest, stageClient, VERSION } from "./client_package.ts";
import { say } from "./say.ts";

const out = resolve(outOf(process.argv.slice(2)));
const work = mkdtempSync(join(tmpdir(), "logboom-pack-"));
try {
  const stage = join(work, "stage");
  mkdirSync(stage);
  stageClient(stage);
  const packed = join(work, "packed.tgz");
  const flags = ["--allow-dirty", "--no-source-maps", "--output", packed];
  run(Deno.execPath(), ["pack", ...flags], stage);
  run("tar", ["-xzf", packed], work);
  const manifest = join(work, "package", "package.json");
  const made = JSON.parse(readFileSync(manifest, "utf8")) as Record<string, unknown>;
  writeFileSync(manifest, `${JSON.stringify({ ...made, ...npmManifest() }, null, 2)}\n`);
  mkdirSync(out, { recursive: true });
  const path = join(out, `logboom-client-${VERSION}.tgz`);
  run("tar", ["-czf", path, "package"], work);
  say(path);
} finally {
  rmSync(work, { recursive: true, force: true });
}

function outOf(args: readonly string[]): string {
  if (args.length === 0) return "dist";
  if (args.length === 2 && args[0] === "--out") return args[1]!;
  throw new Error("Usage: deno task pack [--out DIR]");
}

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status === 0) return;
  throw new Error(`Cannot pack: ${command} ended with ${status}\n${stdout}${stderr}`, {
    cause: error,
  });
}
