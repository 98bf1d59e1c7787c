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

export interface RunningTool {
  /** Resolves once its output has a line like this. */
  line(pattern: RegExp): Promise<void>;
  /** Its output so far. */
  output(): string;
  /** Resolves with its output when it has ended, however it ended. */
  readonly ended: Promise<string>;
  kill(): void;
}

const LINE_TIMEOUT_MS = 20_000;

/** Starts it and lets it run; it is killed after a minute, whatever happens. */
export function startTool(name: string, args: readonly string[]): RunningTool {
  const child = spawn(name, [...args], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const watchers = new Set<() => void>();
  const take = (text: string) => {
    output += text;
    for (const watcher of [...watchers]) watcher();
  };
  child.stdout.setEncoding("utf8").on("data", take);
  child.stderr.setEncoding("utf8").on("data", take);
  const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
  const ended = new Promise<string>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => {
      clearTimeout(timer);
      resolve(output);
    });
  });
  const line = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const fail = () => reject(new Error(`${name} did not say ${pattern}: ${output}`));
      const late = setTimeout(fail, LINE_TIMEOUT_MS);
      const look = () => {
        if (!output.split("\n").some((one) => pattern.test(one))) return;
        clearTimeout(late);
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      look();
    });
  return { line, output: () => output, ended, kill: () => void child.kill("SIGKILL") };
}
