/** What a directory says it accepted; test/conformance/verify.test.ts asks a running node. */
import { expect, it } from "vitest";
import { inventoryOfDirectory } from "../../src/cli/verify_inventory.ts";
import { openDisk } from "../../src/host/disk.ts";
import { readCatalogueCopy } from "../../src/host/catalogue_copy.ts";
import { DirectoryReader } from "../../src/store/directory_reader.ts";
import { testCore } from "../support/core.ts";
import {
  FOREIGN_LOG,
  makeDataDirectory,
  openDirectory,
  temporaryDataDir,
} from "../support/data_directories.ts";
import { append } from "../support/stores.ts";

const core = testCore();

it("tells each run of each partition, and what was received", async () => {
  const dataDir = temporaryDataDir();
  await makeDataDirectory(dataDir);
  const { store, close } = await openDirectory(dataDir);
  await append(store, store.topic("logs")!.partitions[0]!, ["next run"]);
  await close();
  const disk = openDisk(dataDir, { readOnly: true });
  const reader = new DirectoryReader(disk, (bytes) => core.crc32c(bytes));
  for (const state of [(await readCatalogueCopy(`${dataDir}/catalogue.sqlite`)).state, null]) {
    const { logs, here, headers } = await inventoryOfDirectory(reader, { core, catalogue: state });
    expect(logs).toMatchObject([
      { topic: "logs", own: true, accepted: [{ from: 0, to: 24 }] },
      { topic: "logs", own: true, accepted: [{ from: 24, to: 25 }] },
      { topic: "from-gw", logId: FOREIGN_LOG, own: false, accepted: [{ from: 0, to: 16 }] },
    ]);
    expect(here.get(FOREIGN_LOG)!.records).toBe(16);
    let batches = 0;
    for await (const _ of headers()) batches++;
    expect(batches).toBe(11);
  }
});
