/**
 * `dump`: what lies in a data directory, without a node. It reads only, so it may run beside one.
 * Without a topic: every book, and a line per partition. With one: its batches, or its records.
 * Damage is shown where it is, and the next good batch is looked for.
 *
 * @module
 */
import { statSync } from "node:fs";
import { messageOf, OperatingError } from "../base/errors.ts";
import { Core } from "../core/core.ts";
import { readCatalogueCopy } from "../host/catalogue_copy.ts";
import { loadCoreFile } from "../host/core_file.ts";
import { openDisk } from "../host/disk.ts";
import { DirectoryReader } from "../store/directory_reader.ts";
import type { Command, CommandContext } from "./command.ts";
import { dumpPartition } from "./dump_batches.ts";
import { dumpBooks } from "./dump_books.ts";
import { Report } from "./report.ts";

export const DUMP: Command = {
  usage: "DATA_DIR [TOPIC [--partition P] [--records]] [--json]",
  summary: "show what lies in a data directory: its books, or a topic's batches or records",
  positionals: { min: 1, max: 2 },
  valued: ["--partition"],
  bare: ["--records", "--json"],
  run: dump,
};

async function dump({ args, terminal }: CommandContext): Promise<void> {
  const [dataDir, topic] = args.positionals as [string, string | undefined];
  checkDirectory(dataDir);
  const core = Core.create(loadCoreFile());
  const disk = openDisk(dataDir, { readOnly: true });
  const reader = new DirectoryReader(disk, (bytes) => core.crc32c(bytes));
  if (topic === undefined && !reader.isStore) {
    throw new OperatingError("not_found", `Cannot read ${dataDir}: no node's data lies there`);
  }
  const report = new Report(terminal, args.has("--json"));
  if (topic === undefined) {
    const catalogue = await readCatalogueCopy(`${dataDir}/catalogue.sqlite`);
    return await dumpBooks({ dataDir, reader, catalogue, report });
  }
  const directory = `${topic}-${args.count("--partition") ?? 0}`;
  const partition = reader.partitions().find((each) => each.directory === directory);
  if (partition === undefined || partition.trouble !== null) {
    const state = partition?.trouble ?? "there is no such partition";
    throw new OperatingError("not_found", `Cannot read ${dataDir}/${directory}: ${state}`);
  }
  const shown = { records: args.has("--records"), json: args.has("--json") };
  for (const segment of partition.segments) {
    await dumpPartition(segment, { dataDir, reader, core, terminal, report, ...shown });
  }
}

/** @throws {OperatingError} `not_found` where there is no directory */
export function checkDirectory(path: string): void {
  try {
    if (statSync(path).isDirectory()) return;
  } catch (error) {
    throw new OperatingError("not_found", `Cannot read ${path}: ${messageOf(error)}`, {}, error);
  }
  throw new OperatingError("not_found", `Cannot read ${path}: it is not a directory`);
}
