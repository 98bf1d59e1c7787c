/** What `deno task sim` is told: read, checked, and explained. */
import { parseArgs } from "node:util";
import { drawPlan } from "../test/sim/fleet/draw_plan.ts";

export const HELP =
  `Days of a fleet in seconds, from a seed: gateways, a site and a centre on one clock.

  deno task sim --seed N [--hours H]              one seed; a failure is made smaller and shown
  deno task sim --seeds K [--seed N] [--jobs J]   K seeds from N on, in J processes
  deno task sim --seed N --only 3,8,12 [--trace]  some steps of a seed, as a failure names them
  deno task sim --mutant NAME|all [--seeds K]     seeds on a copy with a deliberate bug, until
                                                  one of them fails

  --seed N       the first seed, or the only one (1)
  --hours H      virtual hours of each (24)
  --jobs J       processes of a sweep (1)
  --about WHAT   only seeds that are about that: ${aboutNames().join(", ")}
  --trace        what happened, line by line

Exit codes: 0 nothing is wrong, 1 something is, 2 the options are.`;

const OPTIONS = {
  seed: { type: "string", default: "1" },
  seeds: { type: "string" },
  hours: { type: "string", default: "24" },
  jobs: { type: "string", default: "1" },
  only: { type: "string" },
  trace: { type: "boolean", default: false },
  mutant: { type: "string" },
  about: { type: "string" },
  /** As one worker of a sweep: every so many-th seed, a line of JSON for each. */
  worker: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

export interface SimOptions {
  readonly seed: number;
  readonly seeds: number | undefined;
  readonly hours: number;
  readonly jobs: number;
  readonly only: readonly number[] | undefined;
  readonly trace: boolean;
  readonly mutant: string | undefined;
  readonly about: string | undefined;
  readonly worker: number | undefined;
  readonly help: boolean;
}

/** @throws {RangeError} with one line that says which option cannot be read */
export function readOptions(args: readonly string[]): SimOptions {
  const { values, positionals } = parsed(args);
  if (positionals.length > 0) throw refused(`"${positionals[0]}"`, "options begin with --");
  const { about, mutant, only, trace, help } = values;
  if (about !== undefined && !aboutNames().includes(about)) {
    throw refused(`--about ${about}`, `seeds are about ${aboutNames().join(", ")}`);
  }
  const seed = wholeOf("seed", values.seed, 0);
  return {
    ...{ seed, about, mutant, trace, help },
    hours: wholeOf("hours", values.hours, 1),
    jobs: wholeOf("jobs", values.jobs, 1),
    seeds: values.seeds === undefined ? undefined : wholeOf("seeds", values.seeds, 1),
    worker: values.worker === undefined ? undefined : wholeOf("worker", values.worker, 1),
    only: only?.split(",").map((place) => wholeOf("only", place, 0)),
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    const [said] = (error as Error).message.split(/\.\s|\n/);
    throw new RangeError(`Cannot read the options: ${said}. See --help`);
  }
}

function wholeOf(name: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw refused(`--${name} ${text}`, `it is a whole number from ${least} on`);
}

function refused(what: string, why: string): RangeError {
  return new RangeError(`Cannot read the options: ${what}: ${why}. See --help`);
}

function aboutNames(): string[] {
  return Object.keys(drawPlan(1, 1).character);
}
