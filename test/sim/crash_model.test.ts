/**
 * Crash model of the partition log. Method: run a seeded workload on the simulated disk, take a
 * snapshot before every step of it, let the power go there, recover what the crash left, and state
 * what must hold:
 *
 *   - the start succeeds
 *   - every acknowledged record is there, with its bytes, at its offset
 *   - whatever else is served was submitted, whole, at that offset
 *   - offsets are dense: each is a record, or lies in a gap above what was acknowledged
 *   - the log takes new records
 *
 * and again after a second crash at any step of the recovery. LOGBOOM_CRASH_POINTS sets how many
 * crashes; a failure prints the seed, the step and the dice that replay it.
 */
import process from "node:process";
import { expect, it } from "vitest";
import type { Offset } from "../../src/base/types.ts";
import type { PartitionCheckpoint } from "../../src/format/checkpoint.ts";
import type { PartitionLog } from "../../src/store/partition_log.ts";
import { batchOf } from "../support/batches.ts";
import { testCore } from "../support/core.ts";
import { diceOf, pick } from "../support/dice.ts";
import { LogHarness } from "../support/log_harness.ts";
import { type Dice, SimulatedDisk, type Snapshot } from "../support/simulated_disk.ts";

const CRASH_POINTS = Number(process.env.LOGBOOM_CRASH_POINTS ?? 4_000);
const PARTITIONS = 3;
const ROUNDS = 12;
const CRASHES_PER_STEP = 2;
const FOREIGN_ID = "00000000000abcde";
const ELSEWHERE_ID = "0000000000fedcba";

const core = testCore();
const decoder = new TextDecoder("latin1");

/** What is true of one partition at some moment. */
interface Truth {
  readonly acknowledged: Offset;
  readonly logStart: Offset;
  /** Newest first: what the books may still know. */
  readonly checkpoints: readonly (PartitionCheckpoint | null)[];
}

interface CrashPoint {
  readonly snapshot: Snapshot;
  readonly truths: readonly Truth[];
}

class Workload {
  readonly points: CrashPoint[] = [];
  /** Per partition, what was submitted at each offset. */
  readonly submitted: string[][] = [];
  readonly #dice: Dice;
  readonly #disk = new SimulatedDisk();
  readonly #harness: LogHarness;
  readonly #logs: PartitionLog[] = [];
  readonly #truths: Truth[] = [];

  constructor(seed: number) {
    this.#dice = diceOf(seed);
    const segmentBytes = pick(this.#dice, [300, 1_000, 3_000, 100_000]);
    const durability = "sync";
    const compressionType = pick(this.#dice, ["none", "lz4"] as const);
    const settings = { segmentBytes, durability, compressionType } as const;
    this.#harness = new LogHarness({ disk: this.#disk, core, settings });
    this.#disk.onStep = () => {
      this.points.push({ snapshot: this.#disk.snapshot(), truths: [...this.#truths] });
    };
  }

  async run(): Promise<void> {
    for (let index = 0; index < PARTITIONS; index++) {
      this.submitted.push([]);
      this.#truths.push({ acknowledged: 0, logStart: 0, checkpoints: [null, null] });
      this.#logs.push(await this.#harness.open({ index }));
    }
    for (let round = 0; round < ROUNDS; round++) {
      const commits = this.#logs.filter(() => this.#dice() < 0.6).map((log) => this.#append(log));
      // Now and then the next round gathers while this one syncs.
      if (this.#dice() < 0.7) await Promise.all(commits);
      else await commits[0];
      if (this.#dice() < 0.3) this.#checkpoint();
      if (this.#dice() < 0.15) await this.#evict(pick(this.#dice, this.#logs));
      if (this.#dice() < 0.1) await pick(this.#dice, this.#logs).roll();
    }
    await this.#harness.commits.idle();
  }

  async #append(log: PartitionLog): Promise<void> {
    const batches = 1 + Math.floor(this.#dice() * 2.5);
    const done: Promise<unknown>[] = [];
    for (let batch = 0; batch < batches; batch++) {
      const values = Array.from({ length: 1 + Math.floor(this.#dice() * 3) }, () => this.#value());
      const submitted = this.submitted[log.index]!;
      submitted.push(...values.map((value) => decoder.decode(value)));
      if (this.#dice() < 0.2) done.push(this.#replicate(log, values));
      else done.push(this.#harness.append(log, values));
      if (this.#dice() < 0.5) log.sealOpen();
    }
    await Promise.all(done);
    this.#set(log.index, { acknowledged: log.highWatermark });
  }

  #replicate(log: PartitionLog, values: Uint8Array[]): Promise<unknown> {
    const baseOffset = Math.floor(this.#dice() * 1e9);
    const batch = batchOf(core, values, { logId: FOREIGN_ID, baseOffset });
    return new Promise((resolve) => {
      log.appendReplicated(batch, { committed: resolve });
    });
  }

  #value(): Uint8Array {
    const kind = this.#dice();
    if (kind < 0.1) {
      // A payload that is a whole batch: read from this log before, or from one of elsewhere.
      const own = this.#dice() < 0.5;
      const baseOffset = Math.floor(this.#dice() * (own ? 2 : 40));
      const logId = own ? "0000000000000001" : ELSEWHERE_ID;
      return batchOf(core, ["forged"], { logId, baseOffset });
    }
    const size = Math.floor(kind < 0.7 ? this.#dice() * 60 : this.#dice() * 1_500);
    return Uint8Array.from({ length: size }, () => this.#dice() * 256);
  }

  #checkpoint(): void {
    for (const log of this.#logs) {
      const [newest = null] = this.#truths[log.index]!.checkpoints;
      this.#set(log.index, { checkpoints: [log.checkpoint(), newest] });
    }
  }

  async #evict(log: PartitionLog): Promise<void> {
    await this.#harness.commits.idle();
    const logStart = Math.floor(this.#dice() * (log.highWatermark + 1));
    log.setLogStart(logStart);
    this.#set(log.index, { logStart: log.logStartOffset });
    log.removeBelowLogStart();
  }

  #set(index: number, truth: Partial<Truth>): void {
    this.#truths[index] = { ...this.#truths[index]!, ...truth };
  }
}

/** Recovers every partition and states what must hold. */
async function verify(disk: SimulatedDisk, point: CrashPoint, workload: Workload, dice: Dice) {
  core.reset();
  const harness = new LogHarness({
    disk,
    core,
    leaderEpoch: 3,
    ownIds: ["0000000000000001", "0000000000000002"],
    receivedIds: [FOREIGN_ID],
    settings: { segmentBytes: 1_000 },
  });
  for (const [index, truth] of point.truths.entries()) {
    const checkpoint = pick(dice, truth.checkpoints);
    const log = await harness.open({ index, checkpoint, logStartOffset: truth.logStart });
    const submitted = workload.submitted[index]!;
    const where = `partition ${index}`;
    expect(log.highWatermark, where).toBeGreaterThanOrEqual(truth.acknowledged);
    expect(log.highWatermark, where).toBeLessThanOrEqual(submitted.length);
    await verifyRecords(log, submitted, truth);
    if (dice() < 0.2) {
      const end = log.highWatermark;
      const { ticket } = await harness.append(log, ["after"]);
      expect(ticket.baseOffset, where).toBe(end);
      const { batches } = await log.read(end, { maxBytes: 1 });
      expect(core.decode(batches[0]!).at(-1)!.offset).toBe(end);
    }
    log.close();
  }
}

async function verifyRecords(log: PartitionLog, submitted: readonly string[], truth: Truth) {
  let expected = log.logStartOffset;
  while (expected < log.highWatermark) {
    const { batches, gaps, nextOffset } = await log.read(expected, { maxBytes: 100_000 });
    for (const gap of gaps) {
      expect(gap.from, "gaps are told in order").toBe(expected);
      expect(gap.from, "nothing acknowledged is lost").toBeGreaterThanOrEqual(truth.acknowledged);
      expected = gap.to;
    }
    for (const batch of batches) {
      for (const { offset, value } of core.decode(batch)) {
        if (offset < expected && offset < log.logStartOffset) continue;
        if (offset !== expected || decoder.decode(value!) !== submitted[offset]) {
          expect({ offset, value: decoder.decode(value!) }, "records as submitted").toEqual({
            offset: expected,
            value: submitted[offset],
          });
        }
        expected = offset + 1;
      }
    }
    expect(nextOffset).toBe(expected);
  }
}

it(`loses nothing acknowledged and serves no garbage over ${CRASH_POINTS} crashes`, async () => {
  let crashes = 0;
  for (let seed = 1; crashes < CRASH_POINTS; seed++) {
    const workload = new Workload(seed);
    core.reset();
    await workload.run();
    for (const point of workload.points) {
      for (let crash = 0; crash < CRASHES_PER_STEP && crashes < CRASH_POINTS; crash++) {
        crashes++;
        const where = `seed ${seed}, step ${point.snapshot.step}, crash ${crash}`;
        await crashOnce(point, workload, diceOf(seed * 1e6 + point.snapshot.step * 10 + crash))
          .catch((error) => {
            throw new Error(`${where}: ${error.message}`, { cause: error });
          });
      }
    }
  }
}, 600_000);

async function crashOnce(point: CrashPoint, workload: Workload, dice: Dice): Promise<void> {
  const disk = SimulatedDisk.crashed(point.snapshot, dice);
  if (dice() < 0.7) return await verify(disk, point, workload, dice);
  // The power goes again while it recovers.
  const again: Snapshot[] = [];
  disk.onStep = () => again.push(disk.snapshot());
  await verify(disk, point, workload, () => 0.5);
  const second = again.length > 0 ? pick(dice, again) : disk.snapshot();
  await verify(SimulatedDisk.crashed(second, dice), point, workload, dice);
}
