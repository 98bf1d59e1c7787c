/** Data directories on the real disk, as a node leaves them: for the tools that look into them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Logger, SILENT_LOGGER } from "../../src/base/log.ts";
import { SILENT_METRICS } from "../../src/base/metrics.ts";
import { HOST_CLOCK } from "../../src/host/clock.ts";
import { openDisk } from "../../src/host/disk.ts";
import { HOST_RANDOM } from "../../src/host/random.ts";
import { SqliteCatalogue } from "../../src/host/sqlite_catalogue.ts";
import { HOST_TIMERS } from "../../src/host/timers.ts";
import type { StoreSettings } from "../../src/store/settings.ts";
import { Store } from "../../src/store/store.ts";
import { onTestFinished } from "vitest";
import { batchOf } from "./batches.ts";
import { testCore } from "./core.ts";
import { append, SMALL_STORE } from "./stores.ts";

export interface OpenDirectory {
  readonly store: Store;
  readonly close: () => Promise<void>;
}

export interface DirectoryOptions {
  readonly settings?: Partial<StoreSettings>;
  readonly hasUpstream?: boolean;
  readonly logger?: Logger;
}

/** A directory that goes with the test. */
export function temporaryDataDir(): string {
  const path = mkdtempSync(join(tmpdir(), "logboom-dir-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export async function openDirectory(
  dataDir: string,
  { settings, hasUpstream = false, logger = SILENT_LOGGER }: DirectoryOptions = {},
): Promise<OpenDirectory> {
  const catalogue = await SqliteCatalogue.open(`${dataDir}/catalogue.sqlite`, logger);
  const store = await Store.open({
    disk: openDisk(dataDir),
    catalogue,
    core: testCore(),
    clock: HOST_CLOCK,
    timers: HOST_TIMERS,
    random: HOST_RANDOM,
    logger,
    metrics: SILENT_METRICS,
    settings: { ...SMALL_STORE, ...settings },
    hasUpstream,
  });
  const close = async () => {
    await store.close();
    await catalogue.close();
  };
  return { store, close };
}

export const FOREIGN_LOG = "0123456789abcdef";

/**
 * Batches of 4 records: `own` of this node's in two segments of "logs", `received` of another's in
 * "from-gw".
 */
export async function makeDataDirectory(
  dataDir: string,
  { own = 6, received = 4, ...options }: DirectoryOptions & {
    readonly own?: number;
    readonly received?: number;
  } = {},
): Promise<void> {
  const { store, close } = await openDirectory(dataDir, options);
  const { partitions: [log] } = await store.createTopic("logs");
  for (let at = 0; at < own; at++) {
    if (at === Math.floor(own / 2)) await log!.roll();
    await append(store, log!, [0, 1, 2, 3].map((n) => `own ${at * 4 + n} ${"x".repeat(40)}`));
  }
  if (received > 0) await receive(store, received);
  await store.checkpoint();
  await close();
}

async function receive(store: Store, batches: number): Promise<void> {
  await store.ranges.announce({
    ...{ logId: FOREIGN_LOG, peer: "gw", gateway: "gw-1", topic: "from-gw", partition: 0 },
    ...{ firstOffset: 0, predecessor: null, predecessorEnd: 0, root: FOREIGN_LOG },
    pathKey: null,
  });
  const target = store.topic("from-gw")!.partitions[0]!;
  for (let at = 0; at < batches; at++) {
    const [from, to] = [at * 4, at * 4 + 4];
    const values = [0, 1, 2, 3].map((n) => `received ${from + n}`);
    const batch = batchOf(store.core, values, { baseOffset: from, logId: FOREIGN_LOG });
    store.ranges.note(FOREIGN_LOG, from, to);
    await new Promise<void>((resolve, reject) => {
      target.appendReplicated(batch, {
        committed(_log, error) {
          const ok = error === null;
          store.ranges.settle(FOREIGN_LOG, { from, to }, ok, target.highWatermark);
          ok ? resolve() : reject(error);
        },
      });
    });
  }
}

/** Flips a bit of a file in a data directory. */
export function flipBit(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at]! ^= 1;
  writeFileSync(path, bytes);
}
