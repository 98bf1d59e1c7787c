/** One seed, from its number to a verdict: what the command, its workers and the tests run. */
import { drawPlan } from "./draw_plan.ts";
import { type Outcome, play } from "./fleet.ts";
import type { Plan } from "./plan.ts";

/** What every seed must bring at the least, or it proves nothing. */
export const MINIMA = { acknowledged: 5_000, faults: 20, crashesInCommit: 1 } as const;

export interface SimulateOptions {
  readonly hours: number;
  /** Plays it twice, and compares what happened. */
  readonly twice?: boolean;
}

export async function simulate(seed: number, options: SimulateOptions): Promise<Outcome> {
  const { hours, twice = false } = options;
  const outcome = await play(drawPlan(seed, hours), { minima: true });
  const wrongs = [...outcome.wrongs];
  for (const [what, least] of Object.entries(MINIMA)) {
    const count = outcome[what as keyof typeof MINIMA];
    if (count < least) wrongs.push(`minimum: ${count} ${what}, not ${least}`);
  }
  if (twice && wrongs.length === 0) {
    const again = await play(drawPlan(seed, hours), { minima: true });
    if (again.hash !== outcome.hash) {
      wrongs.push(`determinism: ${outcome.hash}, and ${again.hash} the second time`);
    }
  }
  return { ...outcome, wrongs };
}

/** Some steps of a seed, and nothing else. */
export function partOf(plan: Plan, places: readonly number[]): Plan {
  return { ...plan, steps: places.map((place) => plan.steps[place]!) };
}
