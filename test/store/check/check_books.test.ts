/** What the books of a directory say of themselves; test/cli/fsck.test.ts has the rest. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { openDisk } from "../../../src/host/disk.ts";
import { checkBooks } from "../../../src/store/check/check_books.ts";
import type { Finding } from "../../../src/store/check/finding.ts";
import { DirectoryReader } from "../../../src/store/directory_reader.ts";
import { testCore } from "../../support/core.ts";
import { makeDataDirectory, temporaryDataDir } from "../../support/data_directories.ts";

const core = testCore();

function check(dataDir: string): Finding[] {
  const disk = openDisk(dataDir, { readOnly: true });
  const found: Finding[] = [];
  checkBooks({
    ...{ disk, reader: new DirectoryReader(disk, (bytes) => core.crc32c(bytes)) },
    ...{ catalogue: null, catalogueTroubles: ["missing"] },
    found: (finding) => found.push(finding),
  });
  return found;
}

it("asks nothing of a directory without data", () => {
  const dataDir = temporaryDataDir();
  writeFileSync(`${dataDir}/format.json`, `{"format_version":1,"node_id":"${"a".repeat(16)}"}`);
  expect(check(dataDir)).toEqual([]);
});

it("tells what is missing, and what evidence is kept", async () => {
  const dataDir = temporaryDataDir();
  await makeDataDirectory(dataDir);
  rmSync(`${dataDir}/checkpoint-b`);
  mkdirSync(`${dataDir}/quarantine`);
  writeFileSync(`${dataDir}/quarantine/logs-0-0-0.bin`, "x");
  const found = check(dataDir);
  expect(found.map(({ code }) => code)).toEqual([
    "checkpoint_damaged",
    "catalogue_damaged",
    "evidence",
  ]);
  expect(found[0]).toMatchObject({ place: "checkpoint-b", severity: "damage" });
});
