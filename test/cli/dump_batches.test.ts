/** What `dump` says of batches, as programs read it; tables are in dump.test.ts. */
import { readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { DUMP } from "../../src/cli/dump.ts";
import { makeDataDirectory, temporaryDataDir } from "../support/data_directories.ts";
import { runCommand } from "../support/terminal.ts";

it("names offsets, log id, epoch, codec and checksum of each batch", async () => {
  const dataDir = temporaryDataDir();
  await makeDataDirectory(dataDir);
  const { stdout } = await runCommand(DUMP, { args: [dataDir, "from-gw", "--json"] });
  const batches = stdout.trim().split("\n").map((line) => JSON.parse(line));
  expect(batches).toHaveLength(4);
  expect(batches[1]).toMatchObject({
    ...{ kind: "batch", base_offset: 4, last_offset: 7, records: 4, crc_ok: true },
    ...{ log_id: "0123456789abcdef", source_offset: 4 },
  });
});

it("shows damage between batches", async () => {
  const dataDir = temporaryDataDir();
  await makeDataDirectory(dataDir);
  const path = `${dataDir}/from-gw-0/00000000000000000000.log`;
  const bytes = readFileSync(path);
  bytes[Math.floor(bytes.length / 4) + 70]! ^= 1;
  writeFileSync(path, bytes);
  const { stdout } = await runCommand(DUMP, { args: [dataDir, "from-gw", "--json"] });
  const found = stdout.trim().split("\n").map((line) => JSON.parse(line));
  expect(found[1]).toMatchObject({ position: found[0].size, crc_ok: false });
  expect(found.at(-1)).toMatchObject({ last_offset: 15 });
});
