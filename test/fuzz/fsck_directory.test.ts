/**
 * Whatever became of a data directory, fsck says something about it and ends; a repair leaves one
 * that opens, in which no record that was whole is missing or changed, unless fsck says so.
 */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { FSCK } from "../../src/cli/fsck.ts";
import { makeDataDirectory, openDirectory, temporaryDataDir } from "../support/data_directories.ts";
import { diceOf } from "../support/dice.ts";
import { readAll } from "../support/log_harness.ts";
import { runCommand } from "../support/terminal.ts";
import { wound } from "../support/wounds.ts";

const ROUNDS = Number(process.env["LOGBOOM_FUZZ_ROUNDS"] ?? 12);

it("checks and repairs any directory", async () => {
  const whole = temporaryDataDir();
  await makeDataDirectory(whole);
  const damaged = join(temporaryDataDir(), "data");
  for (let seed = 1; seed <= ROUNDS; seed++) {
    const dice = diceOf(seed);
    rmSync(damaged, { recursive: true, force: true });
    cpSync(whole, damaged, { recursive: true });
    for (let wounds = 1 + Math.floor(dice() * 3); wounds > 0; wounds--) wound(damaged, dice);
    const checked = await runCommand(FSCK, { args: [damaged] });
    expect([0, 4, 8], `seed ${seed}`).toContain(checked.code);
    const repaired = await runCommand(FSCK, { args: [damaged, "--repair"] });
    const said = `seed ${seed}: ${repaired.stdout}${repaired.remarks.join("\n")}`;
    expect([0, 1, 4, 8], said).toContain(repaired.code);
    if (repaired.code > 1) continue;
    const { store, close } = await openDirectory(damaged);
    for (const [topic, word] of [["logs", "own"], ["from-gw", "received"]] as const) {
      const log = store.topic(topic)?.partitions[0];
      if (log === undefined) continue;
      const { values } = await readAll(store.core, log);
      const gone = log.gaps.reduce((sum, { from, to }) => sum + to - from, 0);
      expect(values.length + gone, said).toBe(log.highWatermark - log.logStartOffset);
      for (const value of values) expect(value, said).toMatch(new RegExp(`^${word} \\d+`));
      expect(new Set(values).size, said).toBe(values.length);
    }
    await close();
    const again = await runCommand(FSCK, { args: [damaged] });
    expect(again.code, `seed ${seed}: ${again.stdout}`).toBe(0);
  }
}, 180_000);
