/**
 * Real clients from outside: mosquitto_pub, kcat, curl. A test that needs one is skipped by name
 * where it is missing; `.ci/run` installs them all.
 */
import { spawn, spawnSync } from "node:child_process";

export interface ToolResult {
  readonly code: number | null;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

export function hasTool(name: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${name}`]).status === 0;
}

/** Runs it to its end. */
export function runTool(
  name: string,
  args: readonly string[],
  input: string | Uint8Array = "",
): Promise<ToolResult> {
  const child = spawn(name, [...args], { stdio: ["pipe", "pipe", "pipe"] });
  const stdout: Uint8Array[] = [];
  let stderr = "";
  child.stdout.on("data", (chunk: Uint8Array) => stdout.push(chunk));
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout: Buffer.concat(stdout), stderr }));
  });
}

/** Its output as text; rejects when it fails. */
export async function outputOf(
  name: string,
  args: readonly string[],
  input: string | Uint8Array = "",
): Promise<string> {
  const { code, stdout, stderr } = await runTool(name, args, input);
  if (code !== 0) throw new Error(`${name} ${args.join(" ")} ended with ${code}: ${stderr}`);
  return new TextDecoder().decode(stdout);
}
