/**
 * Repairs a data directory by opening it as a node does, only that every log is read from its start:
 * so there is one truth of what becomes of damage. What was found goes to quarantine, becomes a gap
 * and is ledgered; tails are cut, received ranges and lost catalogue rows rebuilt, journals and
 * checkpoints written anew.
 *
 * @module
 */
import type { Clock, Timers } from "../../base/clock.ts";
import { OperatingError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { SILENT_METRICS } from "../../base/metrics.ts";
import type { Random } from "../../base/random.ts";
import type { Core } from "../../core/core.ts";
import { FORMAT_VERSION } from "../../format/format_json.ts";
import type { Catalogue } from "../catalogue.ts";
import { CHECKPOINT_PATHS } from "../checkpoint.ts";
import { CLOSED_LOGS_PATH } from "../closed_logs.ts";
import { writeFormat } from "../data_format.ts";
import { DirectoryReader } from "../directory_reader.ts";
import type { Disk } from "../disk.ts";
import { LEDGER_PATHS } from "../ledger.ts";
import { LINK_USAGE_PATHS } from "../link_usage.ts";
import { ORIGIN_PATHS } from "../origin_journal.ts";
import { STORE_DEFAULTS } from "../settings.ts";
import { Store } from "../store.ts";

const BOOKS = [
  ...LEDGER_PATHS,
  ...ORIGIN_PATHS,
  ...CHECKPOINT_PATHS,
  CLOSED_LOGS_PATH,
  ...LINK_USAGE_PATHS,
  "format.json",
];

export interface RepairOptions {
  readonly disk: Disk;
  readonly core: Core;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** Books that cannot even be opened are put out of the way, as they are: a start would refuse. */
export function setUnreadableAside(disk: Disk): void {
  for (const path of BOOKS) {
    try {
      if (disk.exists(path)) disk.open(path).close();
    } catch {
      disk.rename(path, `${path}.unreadable`);
    }
  }
}

/**
 * Before the catalogue is opened, for that makes files of its own.
 *
 * @throws {OperatingError} data_dir_unusable where nothing tells whose directory it is
 */
export async function repairFormat({ disk, core }: RepairOptions): Promise<void> {
  const reader = new DirectoryReader(disk, (bytes) => core.crc32c(bytes));
  if (reader.format().value !== null) return;
  const nodeId = reader.newestCheckpoint()?.nodeId;
  if (nodeId === undefined) {
    throw new OperatingError(
      "data_dir_unusable",
      "Cannot repair format.json: no checkpoint tells whose directory it is. Restore that file from " +
        "a backup of this directory.",
      { path: "format.json" },
    );
  }
  await writeFormat(disk, { formatVersion: FORMAT_VERSION, nodeId });
}

export async function repairStore(
  catalogue: Catalogue,
  { disk, core, ...options }: RepairOptions,
): Promise<void> {
  const reader = new DirectoryReader(disk, (bytes) => core.crc32c(bytes));
  const store = await Store.open({
    ...options,
    ...{ disk, core, catalogue, deep: true, metrics: SILENT_METRICS, settings: STORE_DEFAULTS },
    hasUpstream: await forwards(reader, catalogue),
  });
  // Both generations, so that neither the older one nor its damage is ever gone by.
  await store.checkpoint();
  await store.close();
}

/** A node that never forwarded and receives from others is a centre; its losses are final. */
async function forwards(reader: DirectoryReader, catalogue: Catalogue): Promise<boolean> {
  if ((reader.newestCheckpoint()?.forwarded.size ?? 0) > 0) return true;
  return (await catalogue.load()).announcedLogs.length === 0;
}
