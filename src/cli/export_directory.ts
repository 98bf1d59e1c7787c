/**
 * The data directory of a node that does not run, opened for an export: recovered as at a start, but
 * in memory, so that nothing in it changes.
 *
 * @module
 */
import { OperatingError } from "../base/errors.ts";
import { SILENT_METRICS } from "../base/metrics.ts";
import { type Logger, SILENT_LOGGER } from "../base/log.ts";
import { Core } from "../core/core.ts";
import { HOST_CLOCK } from "../host/clock.ts";
import { loadCoreFile } from "../host/core_file.ts";
import { openDisk } from "../host/disk.ts";
import { OverlayDisk } from "../host/overlay_disk.ts";
import { HOST_RANDOM } from "../host/random.ts";
import { SqliteCatalogue } from "../host/sqlite_catalogue.ts";
import { HOST_TIMERS } from "../host/timers.ts";
import { STORE_DEFAULTS } from "../store/settings.ts";
import { Store } from "../store/store.ts";
import { checkDirectory } from "./dump.ts";

/**
 * The store, as long as it is wanted.
 *
 * @throws {OperatingError} `data_dir_locked` while a node runs on it, `data_dir_unusable` where none
 *         ever did
 */
export async function openExportDirectory(
  dataDir: string,
  opened: AsyncDisposableStack,
  logger: Logger = SILENT_LOGGER,
): Promise<Store> {
  checkDirectory(dataDir);
  const lock = lockShared(dataDir);
  opened.defer(() => lock?.close());
  const disk = new OverlayDisk(openDisk(dataDir, { readOnly: true }));
  opened.defer(() => disk.close());
  if (!disk.exists("format.json")) {
    const message = `Cannot export ${dataDir}: no node's data lies there`;
    throw new OperatingError("data_dir_unusable", message, { data_dir: dataDir });
  }
  const copies = await Deno.makeTempDir({ prefix: "logboom-export-" });
  opened.defer(() => Deno.remove(copies, { recursive: true }));
  for (const suffix of ["", "-wal"]) {
    const path = `${dataDir}/catalogue.sqlite${suffix}`;
    if (exists(path)) await Deno.copyFile(path, `${copies}/catalogue.sqlite${suffix}`);
  }
  const catalogue = await SqliteCatalogue.open(`${copies}/catalogue.sqlite`, logger);
  opened.defer(() => catalogue.close());
  const store = await Store.open({
    ...{ disk, catalogue, logger, metrics: SILENT_METRICS, settings: STORE_DEFAULTS },
    ...{ clock: HOST_CLOCK, timers: HOST_TIMERS, random: HOST_RANDOM },
    core: Core.create(loadCoreFile()),
    hasUpstream: true,
  });
  opened.defer(() => store.close());
  return store;
}

/** Keeps a node from starting meanwhile; where the file is missing, none ever ran. */
function lockShared(dataDir: string): Deno.FsFile | null {
  const path = `${dataDir}/lock`;
  if (!exists(path)) return null;
  const file = Deno.openSync(path, { read: true });
  if (file.tryLockSync(false)) return file;
  const pid = new TextDecoder().decode(Deno.readFileSync(path)).trim();
  file.close();
  throw new OperatingError(
    "data_dir_locked",
    `Cannot export ${dataDir}: process ${pid} is using it; export from that node itself, with --url`,
    { data_dir: dataDir },
  );
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
