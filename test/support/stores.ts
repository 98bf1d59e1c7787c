/** A whole store on a simulated disk and a catalogue in memory, to be crashed and opened again. */
import { utf8 } from "../../src/base/bytes.ts";
import type { OperatingError } from "../../src/base/errors.ts";
import { type Logger, SILENT_LOGGER } from "../../src/base/log.ts";
import { SILENT_METRICS } from "../../src/base/metrics.ts";
import type { Random } from "../../src/base/random.ts";
import type { Core } from "../../src/core/core.ts";
import type { OriginEntry } from "../../src/store/books.ts";
import type { Catalogue } from "../../src/store/catalogue.ts";
import type { CommitResult, Ticket } from "../../src/store/commit.ts";
import type { Disk } from "../../src/store/disk.ts";
import type { PartitionLog } from "../../src/store/partition_log.ts";
import { STORE_DEFAULTS, type StoreSettings } from "../../src/store/settings.ts";
import { Store } from "../../src/store/store.ts";
import { testCore } from "./core.ts";
import { HandClock } from "./hand_clock.ts";
import { MemoryCatalogue } from "./memory_catalogue.ts";
import { SimulatedDisk } from "./simulated_disk.ts";

/** Settings for a simulated disk: nothing larger than it has to be. */
export const SMALL_STORE: StoreSettings = {
  ...STORE_DEFAULTS,
  headroomBytes: 0,
  originJournalBytes: 16 * 1024,
};

/** Randomness from a seed (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    fill(into) {
      for (let at = 0; at < into.length; at++) into[at] = Math.floor(next() * 256);
    },
  };
}

export interface StoreWorld {
  readonly disk: Disk;
  readonly catalogue: Catalogue;
  readonly core: Core;
  readonly clock: HandClock;
  readonly random: Random;
  readonly logger: Logger;
  readonly settings: StoreSettings;
  readonly hasUpstream: boolean;
}

/** Opens a store on what is given, and on fresh things for what is not. */
export async function openStore(
  given: Partial<Omit<StoreWorld, "settings">> & { settings?: Partial<StoreSettings> } = {},
  { deep = false }: { readonly deep?: boolean } = {},
): Promise<{ store: Store; world: StoreWorld }> {
  const world: StoreWorld = {
    disk: given.disk ?? new SimulatedDisk(),
    catalogue: given.catalogue ?? new MemoryCatalogue(),
    core: given.core ?? testCore(),
    clock: given.clock ?? new HandClock(),
    random: given.random ?? seededRandom(1),
    logger: given.logger ?? SILENT_LOGGER,
    settings: { ...SMALL_STORE, ...given.settings },
    hasUpstream: given.hasUpstream ?? false,
  };
  const store = await Store.open({ ...world, deep, timers: world.clock, metrics: SILENT_METRICS });
  return { store, world };
}

/** Appends `values` and resolves when they are durable; rejects when they are given up. */
export function append(
  store: Store,
  log: PartitionLog,
  values: readonly string[],
  origins?: readonly OriginEntry[],
): Promise<{ ticket: Ticket; result: CommitResult | null }> {
  for (const text of values) {
    const record = { timestamp: 1_700_000_000_000, value: utf8(text) };
    let status = store.core.append(log.handle, record);
    if (status === "batch_full") {
      log.sealOpen();
      status = store.core.append(log.handle, record);
    }
    if (status !== "ok") throw new Error(`cannot append: ${status}`);
  }
  return new Promise((resolve, reject) => {
    const ticket = log.appended({
      committed(_log: PartitionLog, error: OperatingError | null, result: CommitResult | null) {
        if (error === null) resolve({ ticket, result });
        else reject(error);
      },
    }, origins);
  });
}
