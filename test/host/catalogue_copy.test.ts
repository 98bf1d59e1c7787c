import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readCatalogueCopy } from "../../src/host/catalogue_copy.ts";
import { makeDataDirectory, openDirectory, temporaryDataDir } from "../support/data_directories.ts";

it("reads a catalogue, even one in use, and leaves the directory as it was", async () => {
  const dataDir = temporaryDataDir();
  await makeDataDirectory(dataDir);
  const before = readdirSync(dataDir);
  const { state, troubles } = await readCatalogueCopy(`${dataDir}/catalogue.sqlite`);
  expect(troubles).toEqual([]);
  expect(state!.topics.map(({ name }) => name).sort()).toEqual(["from-gw", "logs"]);
  expect(readdirSync(dataDir)).toEqual(before);

  const { store, close } = await openDirectory(dataDir);
  await store.createTopic("new");
  const again = await readCatalogueCopy(`${dataDir}/catalogue.sqlite`);
  expect(again.state!.topics).toHaveLength(3);
  await close();
});

it("says what is wrong with one that is missing or damaged", async () => {
  const dataDir = temporaryDataDir();
  const path = `${dataDir}/catalogue.sqlite`;
  expect(await readCatalogueCopy(path)).toMatchObject({ state: null, troubles: ["missing"] });
  await makeDataDirectory(dataDir);
  const bytes = readFileSync(path);
  bytes.fill(0x5a, 4096, 3 * 4096);
  writeFileSync(path, bytes);
  const { state, troubles } = await readCatalogueCopy(path);
  expect(state).toBeNull();
  expect(troubles.length).toBeGreaterThan(0);
});
