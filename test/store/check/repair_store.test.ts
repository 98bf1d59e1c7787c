/** Repairs as fsck asks for them; test/cli/fsck.test.ts has the whole way. */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { expect, it } from "vitest";
import { SILENT_LOGGER } from "../../../src/base/log.ts";
import { HOST_CLOCK } from "../../../src/host/clock.ts";
import { openDisk } from "../../../src/host/disk.ts";
import { HOST_RANDOM } from "../../../src/host/random.ts";
import { SqliteCatalogue } from "../../../src/host/sqlite_catalogue.ts";
import { HOST_TIMERS } from "../../../src/host/timers.ts";
import {
  repairFormat,
  repairStore,
  setUnreadableAside,
} from "../../../src/store/check/repair_store.ts";
import { testCore } from "../../support/core.ts";
import {
  flipBit,
  makeDataDirectory,
  openDirectory,
  temporaryDataDir,
} from "../../support/data_directories.ts";

const optionsFor = (dataDir: string) => ({
  ...{ disk: openDisk(dataDir), core: testCore(), logger: SILENT_LOGGER },
  ...{ clock: HOST_CLOCK, timers: HOST_TIMERS, random: HOST_RANDOM },
});

async function repaired(received: number) {
  const dataDir = temporaryDataDir();
  await makeDataDirectory(dataDir, { received });
  flipBit(`${dataDir}/logs-0/${"0".repeat(20)}.log`, 80);
  const catalogue = await SqliteCatalogue.open(`${dataDir}/catalogue.sqlite`, SILENT_LOGGER);
  await repairStore(catalogue, optionsFor(dataDir));
  await catalogue.close();
  const { store, close } = await openDirectory(dataDir);
  const entries = [...store.ledger.entries()];
  await close();
  return entries;
}

it("leaves open what a gateway lost until its upstream was asked, and closes it at a centre", async () => {
  expect(await repaired(0)).toMatchObject([{ from: 0, to: 4, state: "provisional" }]);
  expect(await repaired(2)).toMatchObject([{ from: 0, to: 4, state: "final" }]);
});

it("invents no identity for a directory that nothing tells the owner of", async () => {
  const dataDir = temporaryDataDir();
  await makeDataDirectory(dataDir);
  for (const path of ["format.json", "checkpoint-a", "checkpoint-b"]) rmSync(`${dataDir}/${path}`);
  await expect(repairFormat(optionsFor(dataDir))).rejects.toMatchObject({
    code: "data_dir_unusable",
  });
});

it("puts books out of the way that cannot be opened", async () => {
  const dataDir = temporaryDataDir();
  await makeDataDirectory(dataDir);
  rmSync(`${dataDir}/ledger-a`, { force: true });
  mkdirSync(`${dataDir}/ledger-a`);
  setUnreadableAside(openDisk(dataDir));
  expect(existsSync(`${dataDir}/ledger-a`)).toBe(false);
  expect(existsSync(`${dataDir}/ledger-a.unreadable`)).toBe(true);
  expect(existsSync(`${dataDir}/ledger-b`)).toBe(true);
});
