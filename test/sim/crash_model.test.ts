/**
 * Crash model of the partition log. Method: run a seeded workload on the simulated disk, take a
 * snapshot before every step of it, let the power go there, recover what the crash left, and state
 * what must hold:
 *
 *   - the start succeeds
 *   - every acknowledged record is there, with its bytes, at its offset
 *   - whatever else is served was submitted, whole
 *   - offsets are dense: each is a record, or lies in a gap above what was acknowledged
 *   - the log takes new records
 *
 * and again after a second crash at any step of the recovery, or behind it, when what recovery
 * showed to readers must still be there. Syncs fail now and then, and the disk fills up.
 * LOGBOOM_CRASH_POINTS sets how many crashes; a failure prints the seed and the step that replay it.
 */
import process from "node:process";
import { expect, it } from "vitest";
import { concat, utf8 } from "../../src/base/bytes.ts";
import type { Offset } from "../../src/base/types.ts";
import type { PartitionCheckpoint } from "../../src/format/checkpoint.ts";
import type { PartitionLog } from "../../src/store/partition_log.ts";
import { batchOf } from "../support/batches.ts";
import { testCore } from "../support/core.ts";
import { diceOf, pick } from "../support/dice.ts";
import { expectKept, LogAccount, textOf } from "../support/log_account.ts";
import { LogHarness } from "../support/log_harness.ts";
import { type Dice, SimulatedDisk, type Snapshot } from "../support/simulated_disk.ts";

const CRASH_POINTS = Number(process.env.LOGBOOM_CRASH_POINTS ?? 3_000);
const PARTITIONS = 3;
const ROUNDS = 12;
const CRASHES_PER_STEP = 1;
const FOREIGN_ID = "00000000000abcde";
const ELSEWHERE_ID = "0000000000fedcba";

const core = testCore();

/** What is true of one partition at some moment. */
interface Truth {
  readonly acknowledged: Offset;
  /** What readers saw after an earlier recovery; 0 without one. */
  readonly shown: Offset;
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
  /** One for each partition. */
  readonly accounts: LogAccount[] = [];
  readonly #dice: Dice;
  readonly #disk = new SimulatedDisk();
  readonly #harness: LogHarness;
  readonly #logs: PartitionLog[] = [];
  readonly #truths: Truth[] = [];
  #values = 0;

  constructor(seed: number) {
    this.#dice = diceOf(seed);
    const segmentBytes = pick(this.#dice, [300, 1_000, 3_000, 100_000]);
    const compressionType = pick(this.#dice, ["none", "lz4"] as const);
    const settings = { segmentBytes, compressionType };
    this.#harness = new LogHarness({ disk: this.#disk, core, settings });
    const faulty = this.#dice() < 0.4;
    this.#disk.syncFault = () => faulty && this.#dice() < 0.2 ? "fail" : null;
    this.#disk.writeFault = () => faulty && this.#dice() < 0.1 ? "full" : null;
    this.#disk.onStep = () => {
      this.points.push({ snapshot: this.#disk.snapshot(), truths: [...this.#truths] });
    };
  }

  async run(): Promise<void> {
    for (let index = 0; index < PARTITIONS; index++) {
      this.accounts.push(new LogAccount());
      this.#truths.push({ acknowledged: 0, shown: 0, logStart: 0, checkpoints: [null, null] });
      this.#logs.push(await this.#harness.open({ index }));
    }
    for (let round = 0; round < ROUNDS; round++) {
      const commits = this.#logs.filter(() => this.#dice() < 0.6).map((log) => this.#append(log));
      // Now and then the next round gathers while this one syncs.
      if (this.#dice() < 0.7) await Promise.all(commits);
      else await commits[0];
      if (this.#dice() < 0.3) this.#checkpoint();
      if (this.#dice() < 0.15) await this.#evict(pick(this.#dice, this.#logs));
      if (this.#dice() < 0.1) await pick(this.#dice, this.#logs).roll().catch(() => {});
    }
    await this.#harness.commits.idle();
  }

  async #append(log: PartitionLog): Promise<void> {
    const batches = 1 + Math.floor(this.#dice() * 2.5);
    const done: Promise<unknown>[] = [];
    for (let batch = 0; batch < batches; batch++) {
      const values = Array.from({ length: 1 + Math.floor(this.#dice() * 3) }, () => this.#value());
      const texts = values.map((value) => textOf(value));
      for (const text of texts) this.accounts[log.index]!.submitted.add(text);
      const landed = this.#dice() < 0.2
        ? this.#replicate(log, values)
        : this.#harness.append(log, values).then(({ ticket }) => ticket.baseOffset);
      done.push(landed.then((base) => this.#acknowledged(log, base, texts), () => {}));
      if (this.#dice() < 0.5) log.sealOpen();
    }
    await Promise.all(done);
  }

  #acknowledged(log: PartitionLog, baseOffset: Offset, texts: readonly string[]): void {
    this.accounts[log.index]!.acknowledge(baseOffset, texts);
    this.#set(log.index, { acknowledged: log.highWatermark });
  }

  #replicate(log: PartitionLog, values: Uint8Array[]): Promise<Offset> {
    const sourceOffset = Math.floor(this.#dice() * 1e9);
    const batch = batchOf(core, values, { logId: FOREIGN_ID, baseOffset: sourceOffset });
    return new Promise((resolve, reject) => {
      const baseOffset = log.appendReplicated(batch, {
        committed: (_log, error) => error === null ? resolve(baseOffset) : reject(error),
      });
    });
  }

  /** Unlike any other; some are, or hold, a whole batch. */
  #value(): Uint8Array {
    const kind = this.#dice();
    const mark = utf8(`${this.#values++}:`);
    if (kind < 0.15) {
      // Read from this log before, or from one of elsewhere.
      const own = this.#dice() < 0.5;
      const baseOffset = Math.floor(this.#dice() * (own ? 2 : 40));
      const logId = own ? "0000000000000001" : ELSEWHERE_ID;
      return concat([mark, batchOf(core, ["forged"], { logId, baseOffset })]);
    }
    const size = Math.floor(kind < 0.7 ? this.#dice() * 60 : this.#dice() * 1_500);
    return concat([mark, Uint8Array.from({ length: size }, () => this.#dice() * 256)]);
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

/** Recovers every partition and states what must hold. Returns what the next crash must spare. */
async function verify(
  disk: SimulatedDisk,
  { truths, workload, dice }: { truths: readonly Truth[]; workload: Workload; dice: Dice },
): Promise<Truth[]> {
  core.reset();
  const harness = new LogHarness({
    disk,
    core,
    leaderEpoch: 3,
    ownIds: ["0000000000000001", "0000000000000002"],
    receivedIds: [FOREIGN_ID],
    settings: { segmentBytes: 1_000 },
  });
  const seen: Truth[] = [];
  for (const [index, truth] of truths.entries()) {
    const checkpoint = pick(dice, truth.checkpoints);
    const log = await harness.open({ index, checkpoint, logStartOffset: truth.logStart });
    const where = `partition ${index}`;
    expect(log.highWatermark, where).toBeGreaterThanOrEqual(
      Math.max(truth.acknowledged, truth.shown),
    );
    await expectKept(core, log, {
      account: workload.accounts[index]!,
      acknowledged: truth.acknowledged,
    });
    seen.push({ ...truth, shown: log.highWatermark });
    if (dice() < 0.2) {
      const end = log.highWatermark;
      const { ticket } = await harness.append(log, ["after"]);
      expect(ticket.baseOffset, where).toBe(end);
      const { batches } = await log.read(end, { maxBytes: 1 });
      expect(core.decode(batches[0]!).at(-1)!.offset).toBe(end);
    }
    log.close();
  }
  return seen;
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

async function crashOnce(
  { snapshot, truths }: CrashPoint,
  workload: Workload,
  dice: Dice,
): Promise<void> {
  const kind = dice();
  if (kind < 0.7) {
    await verify(SimulatedDisk.crashed(snapshot, dice), { truths, workload, dice });
    return;
  }
  // The power goes again: while it recovers, or behind that, after a crash or a killed process.
  const disk = kind < 0.85 ? SimulatedDisk.crashed(snapshot, dice) : SimulatedDisk.killed(snapshot);
  const again: Snapshot[] = [];
  disk.onStep = () => again.push(disk.snapshot());
  const seen = await verify(disk, { truths, workload, dice: () => 0.5 });
  const during = again.length > 0 && dice() < 0.5;
  const second = during ? pick(dice, again) : disk.snapshot();
  await verify(SimulatedDisk.crashed(second, dice), {
    truths: during ? truths : seen,
    workload,
    dice,
  });
}
