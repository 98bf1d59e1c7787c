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

/** Resolves to the exit code: 1 where one was not caught. */
export async function runMutants(
  name: string,
  limits: Pick<SweepOptions, "seed" | "seeds" | "hours">,
): Promise<number> {
  const chosen = MUTANTS.filter((mutant) => name === "all" || mutant.name === name);
  if (chosen.length === 0) {
    say(`no mutant "${name}"; there are: ${MUTANTS.map(({ name }) => name).join(", ")}`);
    return 2;
  }
  let code = 0;
  for (const mutant of chosen) {
    const seed = await seedThatCatches(mutant, limits);
    if (seed === null) code = 1;
    const verdict = seed === null
      ? `NOT CAUGHT by ${limits.seeds} seeds`
      : `caught by seed ${seed}`;
    say(`${mutant.name}: ${verdict}`);
  }
  return code;
}

async function seedThatCatches(
  mutant: Mutant,
  limits: Pick<SweepOptions, "seed" | "seeds" | "hours">,
): Promise<number | null> {
  const root = mkdtempSync(join(tmpdir(), "logboom-mutant-"));
  try {
    for (const path of COPIED) cpSync(join(ROOT, path), join(root, path), { recursive: true });
    cpSync(join(ROOT, "package.json"), join(root, "package.json"));
    symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
    const path = join(root, mutant.file);
    writeFileSync(path, mutated(readFileSync(path, "utf8"), mutant));
    const { about, seed = limits.seed } = mutant;
    return await sweep({ ...limits, seed, root, about, jobs: 1, quiet: true });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function mutated(text: string, { name, from, to }: Mutant): string {
  if (text.split(from).length !== 2) throw new Error(`mutant ${name}: its text is not there once`);
  return text.replace(from, () => to);
}
