/**
 * Whatever became of a data directory, `dump` shows it and ends. Method: a directory as a store
 * leaves it, files flipped, cut, grown, emptied, replaced by directories, over and over.
 */
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { DUMP } from "../../src/cli/dump.ts";
import { isOperatingError } from "../../src/base/errors.ts";
import { makeDataDirectory, temporaryDataDir } from "../support/data_directories.ts";
import { diceOf } from "../support/dice.ts";
import { runCommand } from "../support/terminal.ts";

const ROUNDS = Number(process.env["LOGBOOM_FUZZ_ROUNDS"] ?? 60);

it("shows any directory and never fails", async () => {
  const whole = temporaryDataDir();
  await makeDataDirectory(whole);
  const damaged = join(temporaryDataDir(), "data");
  for (let seed = 1; seed <= ROUNDS; seed++) {
    const dice = diceOf(seed);
    rmSync(damaged, { recursive: true, force: true });
    cpSync(whole, damaged, { recursive: true });
    for (let wounds = 1 + Math.floor(dice() * 6); wounds > 0; wounds--) wound(damaged, dice);
    for (const more of [[], ["logs"], ["from-gw", "--records"], ["logs", "--json"]]) {
      try {
        await runCommand(DUMP, { args: [damaged, ...more] });
      } catch (error) {
        expect(isOperatingError(error, "not_found"), `seed ${seed}: ${error}`).toBe(true);
      }
    }
  }
}, 120_000);

function wound(directory: string, dice: () => number): void {
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((name) => join(directory, name)).filter((path) => statSync(path).isFile());
  const path = files[Math.floor(dice() * files.length)];
  if (path === undefined) return;
  const size = statSync(path).size;
  const kind = Math.floor(dice() * 6);
  if (kind === 0) return truncateSync(path, Math.floor(dice() * size));
  if (kind === 1) return rmSync(path);
  if (kind === 2) return writeFileSync(path, "");
  if (kind === 3) {
    rmSync(path);
    mkdirSync(path);
    return;
  }
  const bytes = readFileSync(path);
  for (let flips = 1 + Math.floor(dice() * 20); flips > 0 && size > 0; flips--) {
    bytes[Math.floor(dice() * size)]! ^= 1 << Math.floor(dice() * 8);
  }
  writeFileSync(path, kind === 4 ? bytes : Buffer.concat([bytes, bytes.subarray(0, 500)]));
}
