/** Makes a failing plan smaller, for as long as it fails in the same way. */
import type { Outcome } from "./fleet.ts";
import type { Plan, Step } from "./plan.ts";

export interface ShrinkOptions {
  readonly play: (plan: Plan) => Promise<Outcome>;
  /** Plans tried at the most. */
  readonly triesMax: number;
}

export interface Shrunk {
  readonly plan: Plan;
  readonly outcome: Outcome;
  readonly tries: number;
}

/** What a wrong is about: all before its count, or its colon. */
export function kindOf(wrong: string): string {
  return wrong.split(/[:(]/)[0]!.trim();
}

export async function shrink(
  failing: Plan,
  first: Outcome,
  { play, triesMax }: ShrinkOptions,
): Promise<Shrunk> {
  const kind = kindOf(first.wrongs[0]!);
  let [plan, outcome, tries] = [failing, first, 0];
  // Halves first, then smaller and smaller pieces, down to single steps.
  for (let pieces = 2; tries < triesMax && plan.steps.length > 1;) {
    const size = Math.ceil(plan.steps.length / pieces);
    let smaller = false;
    for (let at = 0; at < plan.steps.length && tries < triesMax;) {
      const steps = [...plan.steps.slice(0, at), ...plan.steps.slice(at + size)];
      const tried = await play({ ...plan, steps });
      tries++;
      if (tried.wrongs.some((wrong) => kindOf(wrong) === kind)) {
        [plan, outcome, smaller] = [{ ...plan, steps }, tried, true];
      } else {
        at += size;
      }
    }
    if (!smaller && size === 1) break;
    pieces = smaller ? Math.max(2, pieces) : pieces * 2;
  }
  return { plan, outcome, tries };
}

/** The places of some steps among those of the whole plan: what replays them. */
export function placesOf(steps: readonly Step[], plan: Plan): number[] {
  return steps.map((step) => plan.steps.indexOf(step));
}
