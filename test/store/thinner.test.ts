/**
 * keep_errors on a whole store: what goes, what stays and where, what readers and the ledger say of
 * it, and that a crash at any step leaves every acknowledged record readable or ledgered.
 */
import { describe, expect, it } from "vitest";
import type { PartitionLog } from "../../src/store/partition_log.ts";
import type { Store } from "../../src/store/store.ts";
import { readBatchHeader } from "../../src/format/record_batch.ts";
import { type Dice, SimulatedDisk } from "../support/simulated_disk.ts";
import { append, openStore, seededRandom, type StoreWorld } from "../support/stores.ts";

const settings = {
  compressionType: "none",
  segmentBytes: 64 * 1024,
  diskPolicy: "keep_errors",
  severityField: "json:level",
} as const;

const LEVELS = ["debug", "info", "error", "info", "warn"];

/** Every `errorsEvery`th record is an error; the rest go through the other levels. */
class Filler {
  /** By offset. */
  readonly values: string[] = [];
  readonly #dice: Dice;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  async fill(store: Store, batches: number): Promise<void> {
    const log = logOf(store);
    for (let at = 0; at < batches; at++) {
      const count = 1 + Math.floor(this.#dice() * 20);
      const values = Array.from(
        { length: count },
        (_, each) => this.#value(log.highWatermark + each),
      );
      const { ticket } = await append(store, log, values);
      values.forEach((value, each) => this.values[ticket.baseOffset + each] = value);
    }
  }

  #value(offset: number): string {
    const level = LEVELS[Math.floor(this.#dice() ** 3 * LEVELS.length)]!;
    return JSON.stringify({ level, offset, text: "x".repeat(this.#dice() * 1_200) });
  }
}

const isGrave = (value: string) => value.includes('"error"');

function logOf(store: Store): PartitionLog {
  return store.topic("logs")!.partitions[0]!;
}

/** Everything readable, by offset, and what readers are told is missing; once it is quiet. */
async function readable(store: Store) {
  await new Promise((resolve) => setTimeout(resolve, 30));
  const log = logOf(store);
  const values = new Map<number, string>();
  const gaps: { from: number; to: number; reason: string }[] = [];
  const batches: Uint8Array[] = [];
  for (let at = log.logStartOffset; at < log.highWatermark;) {
    const page = await log.read(at, { maxBytes: 5_000 });
    for (const batch of page.batches) {
      batches.push(batch);
      for (const { offset, value } of store.core.decode(batch)) {
        values.set(offset, new TextDecoder().decode(value!));
      }
    }
    gaps.push(...page.gaps);
    at = page.nextOffset;
  }
  return { values, gaps, batches };
}

function ledgered(store: Store): Set<number> {
  const offsets = new Set<number>();
  for (const { from, to, count, reason } of store.ledger.entries()) {
    expect(count).toBe(to - from);
    expect(reason).toBe("evicted");
    for (let offset = from; offset < to; offset++) {
      expect(offsets.has(offset), `offset ${offset} twice`).toBe(false);
      offsets.add(offset);
    }
  }
  return offsets;
}

async function thinnedStore(seed: number, budget = 500_000) {
  const random = seededRandom(seed);
  const disk = new SimulatedDisk();
  const { store, world } = await openStore({
    disk,
    random,
    hasUpstream: true,
    settings: { diskBudgetBytes: 1_100_000 + budget, checkpointBytes: 20_000 },
  });
  await store.createTopic("logs", settings);
  return { store, world, disk, filler: new Filler(random.next) };
}

describe("keep_errors", () => {
  it("gives up what is below the severity, keeps the rest where it was, and says so", async () => {
    const { store, world, filler } = await thinnedStore(1);
    await filler.fill(store, 250);
    const log = logOf(store);
    const { values, gaps, batches } = await readable(store);
    const gone = ledgered(store);
    expect(gone.size).toBeGreaterThan(500);
    filler.values.forEach((value, offset) => {
      expect(values.has(offset), `${offset} is in one place`).toBe(!gone.has(offset));
      if (isGrave(value)) expect(values.get(offset), `${offset}`).toBe(value);
    });
    expect(log.logStartOffset, "nothing had to go whole").toBe(0);
    const missing = gaps.reduce((sum, { from, to }) => sum + to - from, 0);
    expect(missing).toBe(gone.size);
    expect(new Set(gaps.map(({ reason }) => reason))).toEqual(new Set(["evicted"]));
    for (const batch of batches) {
      const { baseOffset, lastOffset, sourceOffset, recordsCount } = readBatchHeader(batch);
      expect([sourceOffset, recordsCount]).toEqual([baseOffset, lastOffset - baseOffset + 1]);
    }

    // The same after a kill, with a checkpoint that knows the segments as they were.
    const { store: again } = await openStore(world);
    expect([...(await readable(again)).values.keys()]).toEqual([...values.keys()]);
    expect(ledgered(again)).toEqual(gone);
  });

  it("reads from the middle of what is gone, and by timestamp", async () => {
    const { store, filler } = await thinnedStore(2);
    await filler.fill(store, 250);
    const log = logOf(store);
    const { gaps } = await readable(store);
    const long = gaps.find(({ from, to }) => to - from > 3)!;
    const page = await log.read(long.from + 1, { maxBytes: 1 });
    expect(page.gaps[0]).toEqual({ ...long, from: long.from + 1 });
    expect(readBatchHeader(page.batches[0]!).baseOffset).toBeGreaterThanOrEqual(long.to);
    expect(await log.offsetForTimestamp(1_700_000_000_000)).not.toBeNull();
  });

  it("drops the oldest where nothing more can be thinned, and ledgers that, too", async () => {
    const { store, filler } = await thinnedStore(3, 300_000);
    await filler.fill(store, 1_200);
    const log = logOf(store);
    expect(log.logStartOffset).toBeGreaterThan(0);
    const { values } = await readable(store);
    const gone = ledgered(store);
    filler.values.forEach((_, offset) => {
      expect(values.has(offset), `${offset} is in one place`).toBe(!gone.has(offset));
    });
  });

  it("drops errors for lack of room in the ledger from the oldest on, and goes on thinning", async () => {
    const { store, filler } = await thinnedStore(3, 300_000);
    await filler.fill(store, 1_200);
    const log = logOf(store);
    const { values } = await readable(store);
    expect(store.ledger.size).toBeLessThan(1_000);
    filler.values.forEach((value, offset) => {
      if (offset < log.logStartOffset || !isGrave(value)) return;
      expect(values.get(offset), `${offset} is grave`).toBe(value);
    });
    // Not a log of whole segments, full of chatter for which errors had to go.
    const grave = [...values.values()].filter(isGrave).length;
    expect(grave).toBeGreaterThan(values.size / 3);
  });

  it("leaves alone what does not say how grave it is, and what was delivered", async () => {
    const { store } = await thinnedStore(4, 100_000);
    const log = logOf(store);
    const chatter = `{"level":"info","x":"${"x".repeat(5_000)}"}`;
    for (let at = 0; at < 20; at++) await append(store, log, [chatter, "plain"]);
    store.forwarded.set("logs", 0, { held: 15, settled: 15 });
    for (let at = 0; at < 80; at++) await append(store, log, [chatter, "x".repeat(500)]);
    for (const offset of ledgered(store)) {
      expect(offset).toBeGreaterThanOrEqual(15);
      expect(offset % 2, "only those that say that they are not grave").toBe(0);
    }
    expect(ledgered(store).size).toBeGreaterThan(0);
  });

  it("survives the loss of both checkpoints: the file is dense, and scanned like every other", async () => {
    const { store, world, disk, filler } = await thinnedStore(5);
    await filler.fill(store, 250);
    const before = await readable(store);
    for (const path of ["checkpoint-a", "checkpoint-b"]) disk.remove(path);
    const { store: again } = await openStore(world);
    expect([...(await readable(again)).values.keys()]).toEqual([...before.values.keys()]);
  });

  it("loses nothing acknowledged in silence, wherever power is lost", async () => {
    for (let seed = 1; seed <= 3; seed++) {
      const { store, world, disk, filler } = await thinnedStore(10 + seed, 200_000);
      await filler.fill(store, 90);
      const moments: { snapshot: ReturnType<typeof disk.snapshot>; acknowledged: number }[] = [];
      let acknowledged = filler.values.length;
      disk.onStep = () => moments.push({ snapshot: disk.snapshot(), acknowledged });
      for (let at = 0; at < 25; at++) {
        await filler.fill(store, 2);
        acknowledged = filler.values.length;
      }
      expect(store.ledger.size).toBeGreaterThan(0);
      for (const [at, moment] of moments.entries()) {
        if (at % 7 !== seed) continue;
        await expectAccounted({ world, filler, ...moment }, `seed ${seed}`);
      }
    }
  });
});

interface Moment {
  readonly world: StoreWorld;
  readonly filler: Filler;
  readonly snapshot: ReturnType<SimulatedDisk["snapshot"]>;
  readonly acknowledged: number;
}

async function expectAccounted(
  { world, filler, snapshot, acknowledged }: Moment,
  name: string,
): Promise<void> {
  const where = `${name}, step ${snapshot.step}`;
  const disk = SimulatedDisk.crashed(snapshot, seededRandom(snapshot.step).next);
  const { store } = await openStore({ ...world, disk });
  const { values, gaps } = await readable(store);
  const gone = ledgered(store);
  for (let offset = 0; offset < acknowledged; offset++) {
    const value = values.get(offset);
    if (value !== undefined) expect(value, `${where}, ${offset}`).toBe(filler.values[offset]);
    expect(value !== undefined || gone.has(offset), `${where}: ${offset} is gone`).toBe(true);
  }
  expect(gaps.filter(({ reason }) => reason !== "evicted"), where).toEqual([]);
  expect(disk.list("logs-0").filter((file) => file.endsWith(".thin")), where).toEqual([]);
  await append(store, logOf(store), ["one more"]);
}
