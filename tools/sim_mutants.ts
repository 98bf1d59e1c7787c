/** Proves that the simulator sees: puts a deliberate bug into a copy, and waits for a seed to fail. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Mutant, MUTANTS } from "../test/sim/mutants.ts";
import { say } from "./say.ts";
import { sweep, type SweepOptions } from "./sim_sweep.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const COPIED = ["src", "test/sim", "test/support", "tools", "wasm/build", "deno.json", "deno.lock"];

type Limits = Pick<SweepOptions, "seed" | "seeds" | "hours">;

/** Resolves to the exit code: 1 where one was not caught by the seed that is to. */
export async function runMutants(name: string, limits: Limits): Promise<number> {
  const chosen = MUTANTS.filter((mutant) => name === "all" || mutant.name === name);
  if (chosen.length === 0) {
    say(`no mutant "${name}"; there are: ${MUTANTS.map(({ name }) => name).join(", ")}`);
    return 2;
  }
  let code = 0;
  for (const mutant of chosen) {
    const verdict = await verdictOn(mutant, limits);
    if (!verdict.startsWith("caught")) code = 1;
    say(`${mutant.name}: ${verdict}`);
  }
  return code;
}

/** The seed of the table has to catch it; where that one does not, another is looked for. */
async function verdictOn(mutant: Mutant, limits: Limits): Promise<string> {
  const { seed: named, about } = mutant;
  const root = copyWith(mutant);
  try {
    const inCopy = { hours: limits.hours, root, jobs: 1, quiet: true };
    if (await sweep({ ...inCopy, seed: named, seeds: 1 }) !== null) {
      return await isWell(named, limits)
        ? `caught by seed ${named}`
        : `PROVES NOTHING: seed ${named} fails without it, too`;
    }
    const found = await sweep({ ...inCopy, ...limits, about });
    if (found === null) return `NOT CAUGHT by ${limits.seeds} seeds`;
    return `NOT CAUGHT by the seed of its row, ${named}; by ${found}`;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Whether it is the mutant that the seed sees. */
async function isWell(seed: number, { hours }: Limits): Promise<boolean> {
  return await sweep({ seed, seeds: 1, hours, jobs: 1, quiet: true }) === null;
}

function copyWith(mutant: Mutant): string {
  const root = mkdtempSync(join(tmpdir(), "logboom-mutant-"));
  for (const path of COPIED) cpSync(join(ROOT, path), join(root, path), { recursive: true });
  cpSync(join(ROOT, "package.json"), join(root, "package.json"));
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
  const path = join(root, mutant.file);
  writeFileSync(path, mutated(readFileSync(path, "utf8"), mutant));
  return root;
}

function mutated(text: string, { name, from, to }: Mutant): string {
  if (text.split(from).length !== 2) throw new Error(`mutant ${name}: its text is not there once`);
  return text.replace(from, () => to);
}
