/**
 * Days of a fleet in seconds, from a seed: see test/sim/fleet, and `deno task sim --help`.
 */
import process from "node:process";
import { drawPlan } from "../test/sim/fleet/draw_plan.ts";
import { type Outcome, play } from "../test/sim/fleet/fleet.ts";
import { placesOf, shrink } from "../test/sim/fleet/shrink.ts";
import { partOf, simulate } from "../test/sim/fleet/simulate.ts";
import { say } from "./say.ts";
import { runMutants } from "./sim_mutants.ts";
import { HELP, readOptions, type SimOptions } from "./sim_options.ts";
import { sweep } from "./sim_sweep.ts";

const options = optionsOf(process.argv.slice(2));
const { seed, hours } = options;
/** Seeds played twice, to see that they are the same each time. */
const TWICE_EVERY = 50;
const SHRINK_TRIES = 80;
const TRACE_LINES = 60;

let unheard: unknown = null;
process.on("unhandledRejection", (reason) => unheard ??= reason);

if (options.help) say(HELP);
else if (options.worker !== undefined) await work(options.worker);
else if (options.mutant !== undefined) {
  const limits = { seed, seeds: options.seeds ?? 400, hours };
  process.exitCode = await runMutants(options.mutant, limits);
} else if (options.seeds !== undefined) {
  const { seeds, jobs, about } = options;
  const failed = await sweep({ seed, seeds, hours, jobs, about });
  if (failed !== null) await explain(failed);
} else if (options.only !== undefined || options.trace) await replay();
else {
  const outcome = await checked(() => simulate(seed, { hours, twice: true }));
  say(JSON.stringify({ ...outcome, lines: undefined }));
  if (outcome.wrongs.length > 0) await explain(seed);
}
process.exit();

function optionsOf(args: readonly string[]): SimOptions {
  try {
    return readOptions(args);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(2);
  }
}

async function work(stride: number): Promise<void> {
  // Where an error was made costs an eighth of the time, and is told by the replay of what fails.
  Error.stackTraceLimit = 0;
  for (let at = seed; at < seed + options.seeds!; at += stride) {
    if (!isAbout(at)) continue;
    const twice = at % TWICE_EVERY === 0;
    const outcome = await checked(() => simulate(at, { hours, twice }));
    say(JSON.stringify({ ...outcome, lines: undefined }));
  }
}

function isAbout(at: number): boolean {
  const { about } = options;
  return about === undefined ||
    Object.entries(drawPlan(at, hours).character).some(([name, is]) => is && name === about);
}

/** What nobody waited for and failed is a wrong, too. */
async function checked(run: () => Promise<Outcome>): Promise<Outcome> {
  unheard = null;
  const outcome = await run();
  if (unheard === null) return outcome;
  const said = unheard instanceof Error ? unheard.stack ?? unheard.message : String(unheard);
  return { ...outcome, wrongs: [...outcome.wrongs, `bug: unheard: ${said}`] };
}

async function replay(): Promise<void> {
  const whole = drawPlan(seed, hours);
  const { only, trace } = options;
  const beyond = only?.find((place) => place >= whole.steps.length);
  if (beyond !== undefined) {
    say(`Cannot play step ${beyond}: seed ${seed} has ${whole.steps.length} steps, from 0 on`);
    process.exitCode = 2;
    return;
  }
  const plan = only === undefined ? whole : partOf(whole, only);
  const outcome = await checked(() => play(plan, { traced: trace, minima: only === undefined }));
  for (const line of outcome.lines) say(line);
  say(outcome.wrongs.length === 0 ? "nothing is wrong" : outcome.wrongs.join("\n"));
  process.exitCode = outcome.wrongs.length === 0 ? 0 : 1;
}

/** Shows the smallest part of a failing seed that fails alike, and how to see it again. */
async function explain(failed: number): Promise<void> {
  process.exitCode = 1;
  const plan = drawPlan(failed, hours);
  const first = await checked(() => play(plan, { minima: true }));
  say(`\nseed ${failed} fails:\n${first.wrongs.join("\n")}`);
  const bare = await checked(() => play(plan));
  if (bare.wrongs.length === 0) {
    say(`\ndeno task sim --seed ${failed} --hours ${hours} --trace`);
    return;
  }
  const small = await shrink(plan, bare, {
    play: (smaller) => checked(() => play(smaller)),
    triesMax: SHRINK_TRIES,
  });
  const traced = await play(small.plan, { traced: true });
  say(`\nof ${plan.steps.length} steps these are enough:`);
  for (const step of small.plan.steps) say(`  ${JSON.stringify(step)}`);
  say(
    `\n${traced.lines.slice(-TRACE_LINES).join("\n")}\n${small.outcome.wrongs.join("\n")}`,
  );
  const places = placesOf(small.plan.steps, plan).join();
  say(`\ndeno task sim --seed ${failed} --hours ${hours} --only ${places} --trace`);
}
