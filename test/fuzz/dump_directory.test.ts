/**
 * Whatever became of a data directory, `dump` shows it and ends. Method: a directory as a store
 * leaves it, files flipped, cut, grown, emptied, replaced by directories, over and over.
 */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { DUMP } from "../../src/cli/dump.ts";
import { isOperatingError } from "../../src/base/errors.ts";
import { makeDataDirectory, temporaryDataDir } from "../support/data_directories.ts";
import { diceOf } from "../support/dice.ts";
import { runCommand } from "../support/terminal.ts";
import { wound } from "../support/wounds.ts";

const ROUNDS = Number(process.env["LOGBOOM_FUZZ_ROUNDS"] ?? 25);

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
