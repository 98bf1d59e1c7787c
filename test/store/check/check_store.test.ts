/** What only the whole directory can tell: records that stand twice, and what counts as received. */
import { appendFileSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { openDisk } from "../../../src/host/disk.ts";
import { readCatalogueCopy } from "../../../src/host/catalogue_copy.ts";
import { placeBatch } from "../../../src/format/record_batch.ts";
import { checkStore } from "../../../src/store/check/check_store.ts";
import type { Finding } from "../../../src/store/check/finding.ts";
import { testCore } from "../../support/core.ts";
import { makeDataDirectory, temporaryDataDir } from "../../support/data_directories.ts";

async function check(dataDir: string): Promise<Finding[]> {
  const { state, troubles } = await readCatalogueCopy(`${dataDir}/catalogue.sqlite`);
  const found: Finding[] = [];
  checkStore({
    ...{ disk: openDisk(dataDir, { readOnly: true }), core: testCore() },
    ...{ catalogue: state, catalogueTroubles: troubles },
    found: (finding) => found.push(finding),
  });
  return found;
}

it("finds nothing in a whole directory", async () => {
  const dataDir = temporaryDataDir();
  await makeDataDirectory(dataDir);
  expect(await check(dataDir)).toEqual([]);
});

it("finds records that stand twice: nothing can be done about them here", async () => {
  const dataDir = temporaryDataDir();
  await makeDataDirectory(dataDir);
  const path = `${dataDir}/from-gw-0/00000000000000000000.log`;
  const again = readFileSync(path).subarray(0, 129).slice();
  const size = new DataView(again.buffer).getInt32(8) + 12;
  placeBatch(again, 16, 1);
  appendFileSync(path, again.subarray(0, size));
  expect(await check(dataDir)).toMatchObject([{ code: "records_doubled", repair: null }]);
});
