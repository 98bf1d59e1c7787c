/** A directory as a store leaves it, looked at from outside; and what is missing or damaged in it. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { openDisk } from "../../src/host/disk.ts";
import { DirectoryReader } from "../../src/store/directory_reader.ts";
import { testCore } from "../support/core.ts";
import { FOREIGN_LOG, makeDataDirectory, temporaryDataDir } from "../support/data_directories.ts";

const core = testCore();
const readerOf = (dataDir: string) =>
  new DirectoryReader(openDisk(dataDir, { readOnly: true }), (bytes) => core.crc32c(bytes));

it("reads all books of a store", async () => {
  const dataDir = temporaryDataDir();
  await makeDataDirectory(dataDir);
  const reader = readerOf(dataDir);
  expect(reader.isStore).toBe(true);
  expect(reader.format().value).toMatchObject({ formatVersion: 1 });
  const checkpoint = reader.newestCheckpoint()!;
  expect(checkpoint.partitions.get("logs-0")).toMatchObject({ recoveryPoint: 24 });
  expect(checkpoint.ranges).toMatchObject([{ logId: FOREIGN_LOG, watermark: 16 }]);
  const partitions = reader.partitions();
  expect(partitions.map(({ directory }) => directory)).toEqual(["from-gw-0", "logs-0"]);
  expect(partitions[1]!.segments).toHaveLength(2);
  expect(partitions[1]!.segments[0]!.bytes).toBeGreaterThan(0);
  expect(reader.ledger().value!.size).toBe(0);
  const begun = ["ledger-a", "ledger-b"].map((path) => reader.journal(path).value!.begun);
  expect(begun).toContain(true);
});

it("takes no other directory for a store, whatever it is called", () => {
  const dataDir = temporaryDataDir();
  mkdirSync(`${dataDir}/dbus-1`);
  writeFileSync(`${dataDir}/dbus-1/session.conf`, "x");
  expect(readerOf(dataDir).isStore).toBe(false);
  writeFileSync(`${dataDir}/dbus-1/00000000000000000000.log`, "");
  expect(readerOf(dataDir).isStore).toBe(true);
});

it("says what is missing, and what is damaged", async () => {
  const dataDir = temporaryDataDir();
  expect(readerOf(dataDir).isStore).toBe(false);
  expect(readerOf(dataDir).format().trouble).toBe("missing");
  await makeDataDirectory(dataDir);
  const path = `${dataDir}/checkpoint-a`;
  const bytes = readFileSync(path);
  bytes[40]! ^= 1;
  writeFileSync(path, bytes);
  writeFileSync(`${dataDir}/format.json`, "{");
  const reader = readerOf(dataDir);
  expect(reader.checkpoints()[0]).toMatchObject({ checkpoint: null, trouble: "damaged" });
  expect(reader.newestCheckpoint()).not.toBeNull();
  expect(reader.format().trouble).toMatch(/format.json is not readable/);
  expect(reader.journal("nothing").trouble).toBe("missing");
});
