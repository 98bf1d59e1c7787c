/** The commit loop: who waits for what, how many syncs it takes, and in which order things happen. */
import { beforeEach, describe, expect, it } from "vitest";
import { OperatingError } from "../../src/base/errors.ts";
import {
  CROWD_WAITERS_MIN,
  OPEN_SEGMENT_FILES_MAX,
  SYNC_NOW_WAITERS_MAX,
} from "../../src/base/limits.ts";
import type { SealedOrigin } from "../../src/store/books.ts";
import { testCore } from "../support/core.ts";
import { HandClock } from "../support/hand_clock.ts";
import { LogHarness, readAll, waiting } from "../support/log_harness.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";

const core = testCore();
let disk: SimulatedDisk;
let harness: LogHarness;

/** Lets everything that can happen without time happen. */
const settle = async () => {
  for (let turn = 0; turn < 200; turn++) await Promise.resolve();
};

beforeEach(() => {
  core.reset();
  disk = new SimulatedDisk();
  harness = new LogHarness({ disk, core });
});

describe("CommitLoop", () => {
  it("acknowledges nothing, and shows nothing to readers, before the sync", async () => {
    const log = await harness.open();
    await harness.append(log, ["first"]);
    const release = disk.holdSyncs();
    let acknowledged = false;
    const second = harness.append(log, ["second"]).then(() => acknowledged = true);
    await settle();
    expect(acknowledged).toBe(false);
    expect(log).toMatchObject({ highWatermark: 1, logEndOffset: 2 });
    expect((await readAll(core, log)).values).toEqual(["first"]);
    release();
    await second;
    expect(log.highWatermark).toBe(2);
  });

  it("lets what arrives while a sync runs share the next one", async () => {
    const log = await harness.open();
    const other = await harness.open({ index: 1 });
    await Promise.all([harness.append(log, ["a"]), harness.append(other, ["a"])]);
    const release = disk.holdSyncs();
    const running = [harness.append(log, ["b"]), harness.append(other, ["b"])];
    await settle();
    const before = disk.syncs;
    const gathered = Array.from({ length: 50 }, (_, at) => harness.append(log, [`${at}`]));
    await settle();
    expect(disk.syncs).toBe(before);
    release();
    await Promise.all([...running, ...gathered]);
    expect(disk.syncs).toBe(before + 1);
    expect(log.highWatermark).toBe(52);
  });

  it("calls a waiter once for a partition and cycle, with what the commit holds", async () => {
    const log = await harness.open();
    const { waiter, done } = waiting();
    const cycle = harness.commits.cycle;
    for (const value of ["a", "b", "c"]) {
      harness.put(log, [value]);
      log.appended(waiter);
    }
    expect(harness.commits.cycle).toBe(cycle);
    expect(await done).toEqual({ baseOffset: 0, lastOffset: 2 });
    expect(waiter.calls).toBe(1);
    expect(harness.commits.cycle).toBe(cycle + 1);
  });

  it("releases each partition with its own sync", async () => {
    const logs = [await harness.open(), await harness.open({ index: 1 })];
    await Promise.all(logs.map((log) => harness.append(log, ["a"])));
    const order: number[] = [];
    disk.syncFault = (path) => path.startsWith("t-0") ? "fail" : null;
    const first = harness.append(logs[0]!, ["b"]).catch(() => order.push(0));
    const second = harness.append(logs[1]!, ["b"]).then(() => order.push(1));
    await Promise.all([first, second]);
    expect(order).toEqual([1, 0]);
  });

  it("writes origin entries before any byte of their batches", async () => {
    const events: string[] = [];
    const settled: [SealedOrigin, OperatingError | null, number][] = [];
    harness = new LogHarness({
      disk,
      core,
      origins: {
        write: async (sealed) => {
          events.push(`journal ${sealed.length}`);
          await settle();
          events.push("journal durable");
        },
        settled: (sealed, error) => settled.push([sealed, error, log.highWatermark]),
      },
    });
    const log = await harness.open();
    disk.onStep = () => events.push("disk");
    harness.put(log, ["a"]);
    log.appended(null);
    harness.put(log, ["b", "c"]);
    const { waiter, done } = waiting();
    log.appended(waiter, [{ kind: "http" }]);
    await done;
    expect(events.slice(0, 3)).toEqual(["journal 1", "journal durable", "disk"]);
    expect(settled).toMatchObject([[
      { baseOffset: 1, lastOffset: 2, batchBaseOffset: 0 },
      null,
      3,
    ]]);
  });

  it("names every batch that holds the records of an origin entry", async () => {
    const written: SealedOrigin[] = [];
    harness = new LogHarness({
      disk,
      core,
      origins: { write: (sealed) => Promise.resolve(void written.push(...sealed)) },
    });
    const log = await harness.open();
    harness.put(log, ["a", "b"]);
    log.sealOpen();
    harness.put(log, ["c"]);
    const { waiter, done } = waiting();
    log.appended(waiter, [{ kind: "http" }]);
    await done;
    expect(written).toMatchObject([{
      baseOffset: 0,
      lastOffset: 2,
      batchBaseOffset: 2,
      earlierBatches: [{ baseOffset: 0 }],
    }]);
  });

  it("fails the commit when its origin entries, or its log id, cannot be made durable", async () => {
    const trouble = new OperatingError("storage_full", "Cannot write the journal");
    for (const failing of ["origins", "identity"] as const) {
      core.reset();
      harness = new LogHarness({
        disk: new SimulatedDisk(),
        core,
        origins: failing === "origins" ? { write: () => Promise.reject(trouble) } : {},
        identity: failing === "identity" ? { registered: () => Promise.reject(trouble) } : {},
      });
      const log = await harness.open();
      harness.put(log, ["a"]);
      const { waiter, done } = waiting();
      log.appended(waiter, [{ kind: "http" }]);
      await expect(done, failing).rejects.toBe(trouble);
      expect(log, failing).toMatchObject({ highWatermark: 0, logEndOffset: 0 });
    }
  });

  it("waits out the linger, unless a batch is full", async () => {
    const clock = new HandClock();
    harness = new LogHarness({ disk, core, clock, lingerMs: 100 });
    const log = await harness.open();
    let durable = 0;
    void harness.append(log, ["a"]).then(() => durable++);
    await settle();
    expect(durable).toBe(0);
    clock.advance(100);
    await settle();
    expect(durable).toBe(1);
    void harness.append(log, ["b"]).then(() => durable++);
    log.sealOpen();
    await settle();
    expect(durable).toBe(2);
    expect(clock.timersWaiting).toBe(0);
  });

  it("waits a little, after a slow commit, for the others it released", async () => {
    const clock = new HandClock();
    harness = new LogHarness({ disk, core, clock });
    const log = await harness.open();
    const slowly = async (values: string[]) => {
      const release = disk.holdSyncs();
      const all = Promise.all(values.map((value) => harness.append(log, [value])));
      await settle();
      clock.advance(16);
      release();
      await all;
    };
    await slowly(["a", "b"]);
    const before = disk.syncs;
    const first = harness.append(log, ["c"]);
    await settle();
    expect(disk.syncs, "the crowd is waited for").toBe(before);
    const second = harness.append(log, ["d"]);
    clock.advance(2);
    await Promise.all([first, second]);
    expect(disk.syncs).toBe(before + 1);

    clock.advance(1_000);
    await harness.append(log, ["after a silence"]);
    await slowly(["alone"]);
    await harness.append(log, ["not waited for"]);
  });

  it("looks round again while more of a crowd comes, and then commits them together", async () => {
    const clock = new HandClock({ soon: "by_hand" });
    harness = new LogHarness({ disk, core, clock });
    const log = await harness.open();
    const turn = async (): Promise<number> => {
      clock.runSoon();
      await settle();
      return harness.commits.cycle;
    };
    const come = (count: number) =>
      Array.from({ length: count }, (_, at) => harness.append(log, [`${at}`]));
    const before = harness.commits.cycle;
    const all = come(CROWD_WAITERS_MIN);
    for (let more = 0; more < 5; more++) {
      expect(await turn(), "some came since").toBe(before);
      all.push(...come(10));
    }
    while (await turn() === before);
    await Promise.all(all);
    expect(log.highWatermark).toBe(CROWD_WAITERS_MIN + 50);
    expect(harness.commits.cycle).toBe(before + 1);
  });

  it("commits a thousand partitions at once within its open files and the core's slots", async () => {
    const logs = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => harness.open({ index })),
    );
    for (let round = 0; round < 2; round++) {
      await Promise.all(logs.map((log) => {
        while (core.append(log.handle, { timestamp: 0, value: null }) === "no_slot") {
          harness.commits.sealLargest();
        }
        const { waiter, done } = waiting();
        log.appended(waiter);
        return done;
      }));
    }
    expect(logs.every((log) => log.highWatermark === 2)).toBe(true);
    expect(disk.openFiles).toBeLessThanOrEqual(OPEN_SEGMENT_FILES_MAX);
  });

  it("takes a slow disk to a thread, and looks again now and then", async () => {
    const clock = new HandClock();
    harness = new LogHarness({ disk, core, clock });
    const log = await harness.open();
    await harness.append(log, ["the first commit makes a file and its directory"]);
    let onLoop = 0;
    const open = disk.open.bind(disk);
    disk.open = (path, options) => {
      const file = open(path, options);
      const { syncNow } = file;
      file.syncNow = () => {
        onLoop++;
        clock.advance(20);
        syncNow();
      };
      return file;
    };
    harness.files.close();
    for (let at = 0; at < 10; at++) await harness.append(log, ["x"]);
    expect(onLoop).toBe(1);
    clock.advance(1_000);
    for (let at = 0; at < 10; at++) await harness.append(log, ["x"]);
    expect(onLoop).toBe(2);
  });

  it("takes a crowd's commit to a thread, so that the event loop rests and all are heard", async () => {
    const log = await harness.open();
    await harness.append(log, ["the first commit makes a file and its directory"]);
    let onLoop = 0;
    const open = disk.open.bind(disk);
    disk.open = (path, options) => {
      const file = open(path, options);
      const { syncNow } = file;
      file.syncNow = () => {
        onLoop++;
        syncNow();
      };
      return file;
    };
    harness.files.close();
    const appendAll = (count: number) =>
      Promise.all(Array.from({ length: count }, (_, at) => harness.append(log, [`${at}`])));
    await appendAll(SYNC_NOW_WAITERS_MAX);
    expect(onLoop).toBe(1);
    await appendAll(SYNC_NOW_WAITERS_MAX + 1);
    expect(onLoop).toBe(1);
    expect(log.highWatermark).toBe(2 + 2 * SYNC_NOW_WAITERS_MAX);
  });

  it("observe() tells whose high watermark moved, until it is stopped", async () => {
    const log = await harness.open();
    const seen: number[] = [];
    const stop = harness.commits.observe((moved) => seen.push(moved.highWatermark));
    await harness.append(log, ["a"]);
    stop();
    await harness.append(log, ["b"]);
    expect(seen).toEqual([1]);
  });

  it("idle() resolves once all is committed", async () => {
    const log = await harness.open();
    await harness.commits.idle();
    void harness.append(log, ["a"]);
    await harness.commits.idle();
    expect(log.highWatermark).toBe(1);
  });
});
