/**
 * Days of a fleet in seconds, from a seed: see test/sim/fleet.
 *
 *     deno task sim --seed N [--hours H]              one seed; a failure is made smaller and shown
 *     deno task sim --seeds K [--seed N] [--jobs J]   K seeds from N on
 *     deno task sim --seed N --only 3,8,12 [--trace]  some steps of a seed, as a failure names them
 *     deno task sim --mutant NAME|all [--seeds K]     seeds on a copy with a deliberate bug, until
 *                                                     one of them fails
 */
import { parseArgs } from "node:util";
import process from "node:process";
import { drawPlan } from "../test/sim/fleet/draw_plan.ts";
import { type Outcome, play } from "../test/sim/fleet/fleet.ts";
import { placesOf, shrink } from "../test/sim/fleet/shrink.ts";
import { partOf, simulate } from "../test/sim/fleet/simulate.ts";
import { say } from "./say.ts";
import { runMutants } from "./sim_mutants.ts";
import { sweep } from "./sim_sweep.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string" },
    hours: { type: "string", default: "24" },
    jobs: { type: "string", default: "1" },
    only: { type: "string" },
    trace: { type: "boolean", default: false },
    mutant: { type: "string" },
    /** Only seeds that are about that: see Character in draw_plan.ts. */
    about: { type: "string" },
    /** As one worker of a sweep: every so many-th seed, a line of JSON for each. */
    worker: { type: "string" },
  },
});

const seed = Number(values.seed);
const hours = Number(values.hours);
/** Seeds played twice, to see that they are the same each time. */
const TWICE_EVERY = 50;
const SHRINK_TRIES = 80;
const TRACE_LINES = 60;

let unheard: unknown = null;
process.on("unhandledRejection", (reason) => unheard ??= reason);

if (values.worker !== undefined) await work(Number(values.worker));
else if (values.mutant !== undefined) {
  const limits = { seed, seeds: Number(values.seeds ?? 400), hours };
  process.exitCode = await runMutants(values.mutant, limits);
} else if (values.seeds !== undefined) {
  const failed = await sweep({
    seed,
    seeds: Number(values.seeds),
    hours,
    jobs: Number(values.jobs),
    about: values.about,
  });
  if (failed !== null) await explain(failed);
} else if (values.only !== undefined || values.trace) await replay();
else {
  const outcome = await checked(() => simulate(seed, { hours, twice: true }));
  say(JSON.stringify({ ...outcome, lines: undefined }));
  if (outcome.wrongs.length > 0) await explain(seed);
}
process.exit();

async function work(stride: number): Promise<void> {
  // Where an error was made costs an eighth of the time, and is told by the replay of what fails.
  Error.stackTraceLimit = 0;
  const seeds = Number(values.seeds);
  for (let at = seed; at < seed + seeds; at += stride) {
    if (!isAbout(at)) continue;
    const twice = at % TWICE_EVERY === 0;
    const outcome = await checked(() => simulate(at, { hours, twice }));
    say(JSON.stringify({ ...outcome, lines: undefined }));
  }
}

function isAbout(at: number): boolean {
  const { about } = values;
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
  const plan = values.only === undefined
    ? whole
    : partOf(whole, values.only.split(",").map(Number));
  const minima = values.only === undefined;
  const outcome = await checked(() => play(plan, { traced: values.trace, minima }));
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
