/** One partition's files, read from first to last byte. */
import { rmSync } from "node:fs";
import { expect, it } from "vitest";
import { openDisk } from "../../../src/host/disk.ts";
import { LogCheck } from "../../../src/store/check/check_log.ts";
import type { Finding } from "../../../src/store/check/finding.ts";
import { Identities } from "../../../src/store/check/identities.ts";
import { SourceTally } from "../../../src/store/check/source_tally.ts";
import { DirectoryReader } from "../../../src/store/directory_reader.ts";
import { testCore } from "../../support/core.ts";
import { flipBit, makeDataDirectory, temporaryDataDir } from "../../support/data_directories.ts";

const core = testCore();

async function check(prepare: (dataDir: string) => void) {
  const dataDir = temporaryDataDir();
  await makeDataDirectory(dataDir);
  prepare(dataDir);
  const disk = openDisk(dataDir);
  const reader = new DirectoryReader(disk, (bytes) => core.crc32c(bytes));
  const checkpoint = reader.newestCheckpoint()!;
  const found: Finding[] = [];
  const check = new LogCheck(reader.partitions().find(({ topic }) => topic === "logs")!, {
    ...{ disk, reader, core, tally: new SourceTally(), mendIndexes: false, logStartOffset: 0 },
    identities: new Identities(null, checkpoint),
    checkpoint: checkpoint.partitions.get("logs-0")!,
    found: (finding) => found.push(finding),
  });
  check.run();
  return { check, codes: found.map(({ code }) => code), found };
}

it("counts what is whole", async () => {
  const { check: { batches, records }, codes } = await check(() => {});
  expect({ batches, records, codes }).toEqual({ batches: 6, records: 24, codes: [] });
});

it("tells damage with its offsets, and a segment that is gone", async () => {
  const { found } = await check((dir) => flipBit(`${dir}/logs-0/${"0".repeat(20)}.log`, 80));
  expect(found).toMatchObject([{ code: "batch_damaged" }]);
  expect(found[0]!.text).toMatch(/^Offsets 0 to 3 are damaged/);
  const gone = await check((dir) => rmSync(`${dir}/logs-0/${"0".repeat(20)}.log`));
  expect(gone.found[0]).toMatchObject({ code: "records_missing" });
  expect(gone.found[0]!.text).toMatch(/^Offsets 0 to 11/);
});

it("tells an index that does not fit", async () => {
  const { codes } = await check((dir) => flipBit(`${dir}/logs-0/${"0".repeat(20)}.timeindex`, 2));
  expect(codes).toEqual(["index_wrong"]);
});
