/**
 * Real data directories, each damaged in one way: what fsck says, that a repair mends what can be
 * mended, and that a check afterwards agrees.
 */
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { describe, expect, it } from "vitest";
import { FSCK } from "../../src/cli/fsck.ts";
import { placeBatch } from "../../src/format/record_batch.ts";
import { lockDataDir } from "../../src/host/data_dir_lock.ts";
import {
  flipBit,
  FOREIGN_LOG,
  makeDataDirectory,
  openDirectory,
  temporaryDataDir,
} from "../support/data_directories.ts";
import { readAll } from "../support/log_harness.ts";
import { runCommand } from "../support/terminal.ts";

const FIRST = "logs-0/00000000000000000000";
const SECOND = "logs-0/00000000000000000012";

async function made(): Promise<string> {
  const dataDir = temporaryDataDir();
  await makeDataDirectory(dataDir);
  return dataDir;
}

async function fsck(dataDir: string, ...flags: string[]) {
  const { stdout, code, remarks } = await runCommand(FSCK, { args: [dataDir, "--json", ...flags] });
  const lines = stdout.trim().split("\n").map((line) => JSON.parse(line));
  const damages = lines.filter(({ severity }) => severity === "damage");
  const summary = lines.filter(({ kind }) => kind === "summary").at(-1);
  return { code, remarks, summary, codes: damages.map((each) => each.code), damages };
}

/** Damage is told, repaired, and gone. */
async function repairs(dataDir: string, code: string): Promise<void> {
  const before = await fsck(dataDir);
  expect(before.codes).toContain(code);
  expect(before.code).toBe(4);
  const repaired = await fsck(dataDir, "--repair");
  expect(repaired.code, JSON.stringify(repaired.damages)).toBe(1);
  expect(await fsck(dataDir)).toMatchObject({ code: 0, codes: [] });
}

describe("fsck", () => {
  it("finds nothing wrong with what a node left, and changes nothing", async () => {
    const dataDir = await made();
    const before = readdirSync(dataDir, { recursive: true }).sort();
    const { code, summary } = await fsck(dataDir);
    expect(code).toBe(0);
    expect(summary).toMatchObject({ partitions: 2, batches: 10, records: 40, damages: 0 });
    const after = readdirSync(dataDir, { recursive: true }).sort();
    expect(after.filter((name) => name !== "lock")).toEqual(before);
    const { stdout } = await runCommand(FSCK, { args: [dataDir, "--upgrade"] });
    expect(stdout).toMatch(/nothing to upgrade[^]*nothing is wrong/);
  });

  it("repairs a flipped bit below the recovery point: a gap, evidence, a ledger entry", async () => {
    const dataDir = await made();
    flipBit(`${dataDir}/${FIRST}.log`, 100);
    await repairs(dataDir, "batch_damaged");
    expect(readdirSync(`${dataDir}/quarantine`)).toHaveLength(1);
    const { store, close } = await openDirectory(dataDir);
    const log = store.topic("logs")!.partitions[0]!;
    expect(log.gaps).toEqual([{ from: 0, to: 4, reason: "corrupt" }]);
    expect((await readAll(store.core, log)).values).toHaveLength(20);
    expect([...store.ledger.entries()]).toMatchObject([{ from: 0, to: 4, reason: "corrupt" }]);
    await close();
  });

  it("cuts a torn tail", async () => {
    const dataDir = await made();
    appendFileSync(`${dataDir}/${SECOND}.log`, new Uint8Array(33).fill(7));
    await repairs(dataDir, "torn_tail");
  });

  it("makes a gap of synced records that are gone from the end, or with a whole file", async () => {
    const short = await made();
    truncateSync(`${short}/${SECOND}.log`, 50);
    await repairs(short, "records_missing");
    const gone = await made();
    rmSync(`${gone}/${FIRST}.log`);
    await repairs(gone, "records_missing");
  });

  it("writes checkpoints and journals anew", async () => {
    const dataDir = await made();
    for (const path of ["checkpoint-a", "checkpoint-b"]) flipBit(`${dataDir}/${path}`, 60);
    await repairs(dataDir, "checkpoint_damaged");
    const { store, close } = await openDirectory(dataDir);
    expect(store.ranges.watermarkOf(FOREIGN_LOG)).toBe(16);
    await close();

    const other = await made();
    for (const path of ["ledger-a", "ledger-b"]) flipBit(`${other}/${path}`, 20);
    await repairs(other, "journal_damaged");
  });

  it("builds a wrong index again", async () => {
    const dataDir = await made();
    flipBit(`${dataDir}/${FIRST}.index`, 3);
    await repairs(dataDir, "index_wrong");
  });

  it("makes a lost or damaged catalogue anew from what else there is", async () => {
    const dataDir = await made();
    rmSync(`${dataDir}/catalogue.sqlite`);
    for (const suffix of ["-wal", "-shm"]) {
      rmSync(`${dataDir}/catalogue.sqlite${suffix}`, { force: true });
    }
    await repairs(dataDir, "catalogue_damaged");
    const { store, close } = await openDirectory(dataDir);
    expect(store.topics().map(({ name }) => name).sort()).toEqual(["from-gw", "logs"]);
    expect(store.logs.chain("logs", 0)).toHaveLength(1);
    expect(store.ranges.watermarkOf(FOREIGN_LOG)).toBe(16);
    await close();

    const damaged = await made();
    writeFileSync(`${damaged}/catalogue.sqlite`, "no database at all".repeat(1_000));
    await repairs(damaged, "catalogue_damaged");
    expect(readdirSync(damaged).some((name) => name.includes(".damaged-"))).toBe(true);
  });

  it("writes format.json again for the same node", async () => {
    const dataDir = await made();
    const { store, close } = await openDirectory(dataDir);
    await close();
    writeFileSync(`${dataDir}/format.json`, "");
    await repairs(dataDir, "format_damaged");
    const again = await openDirectory(dataDir);
    expect(again.store.nodeId).toBe(store.nodeId);
    await again.close();
  });

  it("says what it cannot repair, and leaves it", async () => {
    const dataDir = await made();
    // The first batch once more, behind the last.
    const path = `${dataDir}/from-gw-0/00000000000000000000.log`;
    const bytes = readFileSync(path);
    const again = bytes.subarray(0, bytes.readInt32BE(8) + 12);
    placeBatch(again, 16, 1);
    appendFileSync(path, again);
    expect(await fsck(dataDir)).toMatchObject({ code: 4, codes: ["records_doubled"] });
    expect((await fsck(dataDir, "--repair")).code).toBe(4);
  });

  it("refuses a directory that is in use, one of a newer logboom, and what is none", async () => {
    const dataDir = await made();
    const lock = lockDataDir(dataDir);
    const refused = await runCommand(FSCK, { args: [dataDir] });
    expect(refused.code).toBe(8);
    expect(refused.remarks[0]).toMatch(/process \d+ is using it/);
    lock.release();
    writeFileSync(`${dataDir}/format.json`, `{"format_version": 99, "node_id": "0"}`);
    const newer = await runCommand(FSCK, { args: [dataDir, "--repair"] });
    expect([newer.code, newer.remarks[0]]).toEqual([8, expect.stringMatching(/format 99/)]);
    const empty = temporaryDataDir();
    expect((await runCommand(FSCK, { args: [empty] })).code).toBe(8);
    expect(readdirSync(empty)).toEqual([]);
    expect((await runCommand(FSCK, { args: [`${empty}/nope`] })).code).toBe(8);
  });
});
