/**
 * The dry run against the store itself: the same logs, policies and rates, and what the store then
 * ledgers and refuses must be what was foretold. A failure prints the seed that replays it.
 */
import { describe, expect, it } from "vitest";
import { isOperatingError } from "../../src/base/errors.ts";
import { type OutageLog, type OutageLoss, outageLosses } from "../../src/store/outage.ts";
import type { KeptLog } from "../../src/store/books.ts";
import { TOPIC_DEFAULTS, type TopicSettings } from "../../src/store/settings.ts";
import type { Store } from "../../src/store/store.ts";
import { diceOf, pick } from "../support/dice.ts";
import { append, openStore, type StoreWorld } from "../support/stores.ts";

const KB = 1_000;

function dryLog(topic: string, settings: Partial<TopicSettings>, bytesPerS: number): OutageLog {
  const log = { topic, logStartOffset: 0, bytes: 0, segments: () => [] };
  return {
    log: log as Partial<KeptLog> as KeptLog,
    settings: { ...TOPIC_DEFAULTS, segmentBytes: 10 * KB, ...settings },
    deliveredBelow: 0,
    coveredBelow: 0,
    rate: { bytesPerS, recordsPerS: bytesPerS / 100 },
    thinnedShare: 0.5,
  };
}

function dryRun(logs: readonly OutageLog[], durationS: number): OutageLoss[] {
  const sizes = { roomBytes: 1_000 * KB, aheadBytes: 10 * KB, capacityBytes: 1_000 * KB };
  return outageLosses({ logs, ...sizes, nowMs: 0, durationS });
}

describe("outageLosses()", () => {
  it("loses nothing while there is room, nor where nothing comes", () => {
    expect(dryRun([dryLog("logs", {}, 1_000)], 900)).toEqual([]);
    expect(dryRun([dryLog("logs", {}, 0)], 1e9)).toEqual([]);
    expect(dryRun([], 1e9)).toEqual([]);
  });

  it("evicts the oldest of what may go, refuses what may not, and says from when on", () => {
    const [evicted, ...more] = dryRun([dryLog("logs", {}, 1_000)], 2_000);
    expect(more).toEqual([]);
    expect(evicted).toMatchObject({ topic: "logs", reason: "evicted" });
    expect(evicted!.bytes).toBeGreaterThan(990 * KB);
    expect(evicted!.bytes).toBeLessThan(1_030 * KB);
    expect(Math.abs(evicted!.records - evicted!.bytes / 100)).toBeLessThan(1);
    expect(evicted!.afterS).toBeGreaterThan(980);
    const [refused] = dryRun([dryLog("logs", { diskPolicy: "reject" }, 1_000)], 2_000);
    expect(refused).toMatchObject({ reason: "refused" });
    expect(Math.abs(refused!.bytes - 1_000 * KB)).toBeLessThan(30 * KB);
  });

  it("spares what is more important, and thins before it drops", () => {
    const losses = dryRun([
      dryLog("alarms", { priority: 9 }, 100),
      dryLog("chatter", { priority: 1 }, 1_000),
    ], 2_000);
    expect(losses.map(({ topic }) => topic)).toEqual(["chatter"]);
    const keeping = { diskPolicy: "keep_errors", severityField: "json:level" } as const;
    const [thinned] = dryRun([dryLog("logs", keeping, 1_000)], 1_500);
    const [dropped] = dryRun([dryLog("logs", {}, 1_000)], 1_500);
    expect(thinned!.bytes).toBeLessThan(1.05 * dropped!.bytes);
  });

  it("ages what retention does not spare", () => {
    const settings = { retentionMs: 100_000, retainUndelivered: false };
    const [aged] = dryRun([dryLog("logs", settings, 100)], 1_000);
    expect(aged).toMatchObject({ reason: "retention" });
    expect(Math.abs(aged!.bytes - 90 * KB)).toBeLessThan(15 * KB);
  });

  it("takes no longer for ten years than for a day", () => {
    const logs = Array.from({ length: 50 }, (_, at) => dryLog(`t${at}`, {}, 1_000));
    const startMs = performance.now();
    const losses = dryRun(logs, 10 * 365 * 86_400);
    expect(performance.now() - startMs).toBeLessThan(20_000);
    expect(losses.length).toBe(50);
  });
});

interface Load {
  readonly name: string;
  readonly settings: Partial<TopicSettings>;
  readonly records: number;
  readonly bytes: number;
  refused: number;
}

const SECONDS_BEFORE = 60;
const SEGMENT_BYTES = 64 * 1024;

describe("the dry run of a store", () => {
  it.each([1, 2, 3, 4, 5, 6])("foretells what it loses (seed %i)", async (seed) => {
    const dice = diceOf(seed);
    const { store, world } = await openStore({
      hasUpstream: true,
      settings: { diskBudgetBytes: 6_000 * KB },
    });
    const loads: Load[] = Array.from({ length: 1 + Math.floor(dice() * 3) }, (_, at) => ({
      name: `t${at}`,
      settings: {
        compressionType: "none",
        segmentBytes: SEGMENT_BYTES,
        priority: pick(dice, [1, 5, 5, 9]),
        diskPolicy: pick(dice, ["drop_oldest", "drop_oldest", "reject"] as const),
      },
      records: 1 + Math.floor(dice() * 10),
      bytes: 200 + Math.floor(dice() * 1_000),
      refused: 0,
    }));
    for (const { name, settings } of loads) await store.createTopic(name, settings);
    await passing(store, world, loads, SECONDS_BEFORE);
    const bytesPerS = loads.reduce((sum, { records, bytes }) => sum + records * (bytes + 10), 0);
    const durationS = Math.ceil((0.5 + 2 * dice()) * 6_000 * KB / bytesPerS);
    const foretold = store.space.forecast.outage(durationS, "long");

    for (const load of loads) load.refused = 0;
    await passing(store, world, loads, durationS);
    for (const load of loads) {
      const said = (reason: string) =>
        foretold.find((loss) => loss.topic === load.name && loss.reason === reason)?.records ?? 0;
      const ledgered = [...store.ledger.entries()].filter(({ topic }) => topic === load.name)
        .reduce((sum, { count }) => sum + count, 0);
      // A few segments of this topic, or what the others' took instead.
      const near = 4 * SEGMENT_BYTES * loads.length / load.bytes + 0.05 * durationS * load.records;
      const where = `seed ${seed}, ${JSON.stringify(load)}, ${durationS} s`;
      expect(Math.abs(said("evicted") - ledgered), `${where}: evicted, ${ledgered}`)
        .toBeLessThan(near);
      expect(Math.abs(said("refused") - load.refused), `${where}: refused`).toBeLessThan(near);
    }
  });
});

/** Every topic takes its records each second. */
async function passing(
  store: Store,
  { clock }: StoreWorld,
  loads: readonly Load[],
  seconds: number,
): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    for (const load of loads) {
      const log = store.topic(load.name)!.partitions[0]!;
      const values = Array.from({ length: load.records }, () => "x".repeat(load.bytes));
      await append(store, log, values).catch((error) => {
        if (!isOperatingError(error, "storage_full")) throw error;
        load.refused += load.records;
      });
    }
    clock.advance(1_000);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
