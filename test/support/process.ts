/**
 * The real node as a child process: started on free ports in a directory of its own, waited for,
 * stopped or killed. Every process a test starts is gone when the test is, whatever happened.
 *
 *     const node = await startNodeProcess({ flags: ["--node-name", "gw-1"] });
 *     await fetch(`${node.http}/healthz`);
 *     await node.kill();                                        // as a power cut would
 *     const again = await startNodeProcess({ dataDir: node.dataDir });
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, onTestFinished } from "vitest";

const READY_TIMEOUT_MS = 30_000;

export interface NodeProcessOptions {
  /** Kept from an earlier process to restart on it; a fresh temporary one where left out. */
  readonly dataDir?: string;
  /** More flags; ports are 0 unless given here. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Descriptors it may have open. */
  readonly filesMax?: number;
  /** How long it lives at most: as long as the test (the default), or as all tests of the file. */
  readonly lifetime?: "test" | "file";
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface NodeProcess {
  readonly pid: number;
  readonly dataDir: string;
  /** Base URL; "" when --http-port is off. */
  readonly http: string;
  readonly mqttHost: string;
  /** 0 when --mqtt-port is off. */
  readonly mqttPort: number;
  readonly readyLine: string;
  /** What it has written so far. */
  output(): { readonly stdout: string; readonly stderr: string };
  /** SIGTERM, and how it ended. */
  stop(): Promise<Exit>;
  /** kill -9, and how it ended. */
  kill(): Promise<Exit>;
  /** How it ends, by itself or otherwise. */
  readonly exited: Promise<Exit>;
}

/** Starts a node and resolves at its ready line; rejects with its output when it ends before. */
export async function startNodeProcess(options: NodeProcessOptions = {}): Promise<NodeProcess> {
  const dataDir = options.dataDir ?? temporaryDirectory(options.lifetime);
  const given = (flag: string) =>
    options.flags?.some((one) => one === flag || one.startsWith(`${flag}=`));
  const flags = ["--data-dir", dataDir];
  if (!given("--mqtt-port")) flags.push("--mqtt-port", "0");
  if (!given("--http-port")) flags.push("--http-port", "0");
  const child = spawnLogboom(["serve", ...flags, ...options.flags ?? []], options);
  const readyLine = await child.line(/^logboom ready:/);
  const mqtt = /mqtt (\S+):(\d+)/.exec(readyLine);
  return {
    pid: child.process.pid!,
    dataDir,
    http: /http (http:\/\/[^,\s]+)/.exec(readyLine)?.[1] ?? "",
    mqttHost: mqtt?.[1] ?? "",
    mqttPort: Number(mqtt?.[2] ?? 0),
    readyLine,
    output: child.output,
    stop: () => child.end("SIGTERM"),
    kill: () => child.end("SIGKILL"),
    exited: child.exited,
  };
}

/** Runs a logboom command to its end. */
export function runLogboom(
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly stdin?: string } = {},
): Promise<Exit> {
  const child = spawnLogboom(args, options);
  child.process.stdin!.end(options.stdin ?? "");
  return child.exited;
}

/** A directory that is gone after the test (or, outside of one, when the worker ends). */
export function temporaryDirectory(lifetime: NodeProcessOptions["lifetime"] = "test"): string {
  const path = mkdtempSync(join(tmpdir(), "logboom-test-"));
  atEnd(() => rmSync(path, { recursive: true, force: true }), lifetime);
  return path;
}

interface Spawned {
  readonly process: ChildProcess;
  readonly exited: Promise<Exit>;
  output(): { readonly stdout: string; readonly stderr: string };
  line(pattern: RegExp): Promise<string>;
  end(signal: "SIGTERM" | "SIGKILL"): Promise<Exit>;
}

function spawnLogboom(
  args: readonly string[],
  { env = {}, filesMax, lifetime }: Pick<NodeProcessOptions, "env" | "filesMax" | "lifetime">,
): Spawned {
  const main = join(import.meta.dirname!, "../../src/main.ts");
  const command = [denoPath(), "run", "-A", main, ...args];
  if (filesMax !== undefined) {
    command.unshift("sh", "-c", `ulimit -n ${filesMax} && exec "$0" "$@"`);
  }
  const child = spawn(command[0]!, command.slice(1), {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...environment(), ...env },
  });
  let [stdout, stderr] = ["", ""];
  const watchers = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    for (const watcher of watchers) watcher();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
  const exited = new Promise<Exit>((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  atEnd(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await exited;
  }, lifetime);
  const line = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const fail = (why: string) =>
        reject(new Error(`The node ${why}.\nstdout: ${stdout}\nstderr: ${stderr}`));
      const timer = setTimeout(() => fail("is not ready in time"), READY_TIMEOUT_MS);
      const look = () => {
        const found = stdout.split("\n").slice(0, -1).find((one) => pattern.test(one));
        if (found === undefined) return;
        clearTimeout(timer);
        watchers.delete(look);
        resolve(found);
      };
      watchers.add(look);
      void exited.then(({ code, signal }) => {
        clearTimeout(timer);
        fail(`ended before it was ready (${signal ?? code})`);
      });
    });
  const end = (signal: "SIGTERM" | "SIGKILL") => {
    // Not child.kill(): under Deno that reports the signal sent, not how the process ended.
    process.kill(child.pid!, signal);
    return exited;
  };
  return { process: child, exited, output: () => ({ stdout, stderr }), line, end };
}

/** Ours, without what would configure the node behind the test's back. */
function environment(): Record<string, string> {
  const entries = Object.entries(process.env)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .filter(([name]) => !name.startsWith("LOGBOOM_"));
  return { ...Object.fromEntries(entries), NO_COLOR: "1" };
}

/** The Deno this test runs on: it need not be on the PATH. */
export function denoPath(): string {
  return existsSync(process.execPath) ? process.execPath : "deno";
}

const cleanups: (() => void | Promise<void>)[] = [];
const fileCleanups: (() => void | Promise<void>)[] = [];

/** Inside a test: when it is over. In a hook: when the test that follows is, or the whole file. */
function atEnd(
  cleanup: () => void | Promise<void>,
  lifetime: NodeProcessOptions["lifetime"] = "test",
): void {
  if (lifetime === "file") return void fileCleanups.push(cleanup);
  try {
    onTestFinished(cleanup);
  } catch {
    cleanups.push(cleanup);
  }
}

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

afterAll(async () => {
  for (const cleanup of fileCleanups.splice(0).reverse()) await cleanup();
});
