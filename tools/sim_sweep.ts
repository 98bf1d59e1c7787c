/** Many seeds on several processes: each stays warm, and one that hangs is noticed. */
import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Outcome } from "../test/sim/fleet/fleet.ts";
import { say } from "./say.ts";

export interface SweepOptions {
  readonly seed: number;
  readonly seeds: number;
  readonly hours: number;
  readonly jobs: number;
  /** Only seeds that are about that. */
  readonly about?: string | undefined;
  /** The repository whose simulator is to run. */
  readonly root?: string;
  readonly quiet?: boolean;
}

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** A day of a fleet is mostly garbage: with room for more of it, less is looked through. */
const GARBAGE = "--v8-flags=--min-semi-space-size=32,--max-semi-space-size=32";
/** A seed takes less than a second. */
const HANGS_MS = 120_000;
const REPORT_SEEDS = 250;

const SUMS = [
  "records",
  "acknowledged",
  "faults",
  "crashes",
  "crashesInCommit",
  "requests",
] as const;

/** Resolves to the first seed that failed, or null. */
export async function sweep(options: SweepOptions): Promise<number | null> {
  const { jobs, quiet = false } = options;
  const sums = new Map<string, number>(SUMS.map((name) => [name, 0]));
  const startedMs = performance.now();
  let played = 0;
  const report = () => {
    if (quiet) return;
    const seconds = (performance.now() - startedMs) / 1_000;
    const each = Math.round(seconds * 1_000 / Math.max(1, played));
    const counted = [...sums].map(([name, sum]) => `${sum} ${name}`).join(", ");
    say(`${played} seeds in ${Math.round(seconds)} s (${each} ms each): ${counted}`);
  };
  const took = (outcome: Outcome) => {
    played++;
    for (const name of SUMS) sums.set(name, sums.get(name)! + outcome[name]);
    if (played % REPORT_SEEDS === 0) report();
  };
  const workers = Array.from({ length: jobs }, (_, at) => new SweepWorker(options, at, took));
  const failed = await Promise.race([
    ...workers.map(({ failed }) => failed),
    Promise.all(workers.map(({ ended }) => ended)).then(() => null),
  ]);
  for (const worker of workers) worker.stop();
  report();
  return failed;
}

class SweepWorker {
  /** Resolves with the seed that fails; never, where none does. */
  readonly failed: Promise<number>;
  readonly ended: Promise<void>;
  readonly #child;

  constructor(options: SweepOptions, at: number, took: (outcome: Outcome) => void) {
    const { seed, seeds, hours, jobs, root = ROOT } = options;
    const args = ["run", "-A", GARBAGE, "tools/sim.ts", "--worker", `${jobs}`];
    args.push("--hours", `${hours}`);
    args.push("--seed", `${seed + at}`, "--seeds", `${seeds - at}`);
    if (options.about !== undefined) args.push("--about", options.about);
    const child = spawn("deno", args, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
    this.#child = child;
    let next = seed + at;
    const { promise, resolve: fail } = Promise.withResolvers<number>();
    this.failed = promise;
    const hang = () => fail(next);
    let watchdog = setTimeout(hang, HANGS_MS);
    createInterface({ input: child.stdout }).on("line", (line) => {
      const outcome = JSON.parse(line) as Outcome;
      took(outcome);
      if (outcome.wrongs.length > 0) fail(outcome.seed);
      next = outcome.seed + jobs;
      clearTimeout(watchdog);
      watchdog = setTimeout(hang, HANGS_MS);
    });
    const stop = () => this.stop();
    process.on("exit", stop);
    this.ended = new Promise((resolve) => {
      child.on("exit", (code) => {
        process.off("exit", stop);
        clearTimeout(watchdog);
        if (code !== 0) fail(next);
        else resolve();
      });
    });
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }
}
