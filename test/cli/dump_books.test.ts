import { expect, it } from "vitest";
import { DUMP } from "../../src/cli/dump.ts";
import { makeDataDirectory, openDirectory, temporaryDataDir } from "../support/data_directories.ts";
import { runCommand } from "../support/terminal.ts";

const loss = { count: 3, bytes: 30, minTimestamp: 1, maxTimestamp: 2 };

it("shows every book of a directory, for people and for programs", async () => {
  const dataDir = temporaryDataDir();
  await makeDataDirectory(dataDir);
  const { store, close } = await openDirectory(dataDir);
  const lost = { from: 20, to: 23, reason: "evicted" as const, state: "final" as const };
  const where = { logId: "0123456789abcdef", topic: "from-gw", partition: 0 };
  await store.ledger.change({ entries: [{ ...where, ...lost, ...loss }] });
  await close();
  const { stdout } = await runCommand(DUMP, { args: [dataDir] });
  for (const title of ["Checkpoints", "Partitions", "Ledger", "Journals", "Catalogue"]) {
    expect(stdout).toContain(`\n${title}\n`);
  }
  expect(stdout).toMatch(/logs +0 +2 +\d+ +0 +24/);

  const { stdout: json } = await runCommand(DUMP, { args: [dataDir, "--json"] });
  const lines = json.trim().split("\n").map((line) => JSON.parse(line));
  const of = (kind: string) => lines.filter((line) => line.kind === kind);
  expect(of("format")).toMatchObject([{ format: 1, state: "ok" }]);
  expect(of("checkpoint").map(({ state }) => state)).toEqual(["ok", "ok"]);
  expect(of("partition")).toHaveLength(2);
  expect(of("received")).toMatchObject([{ log_id: "0123456789abcdef", watermark: 16 }]);
  expect(of("ledger_entry")).toMatchObject([{ from: 20, to: 23, reason: "evicted" }]);
  expect(of("catalogue")).toMatchObject([{ topics: 2, announced_logs: 1, state: "ok" }]);
  expect(of("own_log")).toMatchObject([{ topic: "logs", first_offset: 0 }]);
});

it("refuses what is no directory", async () => {
  await expect(runCommand(DUMP, { args: ["/nowhere/at/all"] })).rejects.toThrow(/^Cannot read/);
  await expect(runCommand(DUMP, { args: ["/etc/hostname"] })).rejects.toThrow(/not a directory/);
});
