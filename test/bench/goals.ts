/**
 * Goals: a figure, the bound it is held to, and whether it holds.
 *
 * @module
 */
import { type Cell, printTable } from "./report.ts";

export interface Goal {
  /** "G1" … "G13". */
  readonly id: string;
  readonly what: string;
  readonly measured: number;
  readonly bound: number;
  readonly direction: "at least" | "at most";
  readonly unit: string;
}

/** Undefined where it was not measured. */
export function holds({ measured, bound, direction }: Goal): boolean | undefined {
  if (Number.isNaN(measured)) return undefined;
  return direction === "at least" ? measured >= bound : measured <= bound;
}

export function printGoals(goals: readonly Goal[]): void {
  const rows: Cell[][] = goals.map((goal) => {
    const held = holds(goal);
    const verdict = held === undefined ? "not measured" : held ? "pass" : `MISS ${missedBy(goal)}`;
    const want = `${goal.direction === "at least" ? "≥" : "≤"} ${goal.bound} ${goal.unit}`;
    return [goal.id, goal.what, goal.measured, want.trim(), verdict];
  });
  printTable("goals", ["", "what", "measured", "want", ""], rows);
}

function missedBy({ measured, bound, direction }: Goal): string {
  const share = direction === "at least" ? 1 - measured / bound : measured / bound - 1;
  return `by ${Math.round(share * 100)} %`;
}
