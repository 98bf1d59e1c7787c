/**
 * Quotas. Method: a plain counter of what was really sent and received stands beside the quota,
 * across crashes at every step of a disk that tears, and is never over the limit.
 */
import { describe, expect, it } from "vitest";
import { SILENT_LOGGER } from "../../../src/base/log.ts";
import { Calendar } from "../../../src/replication/budget/calendar.ts";
import { Quota, type QuotaLimits } from "../../../src/replication/budget/quota.ts";
import { LinkUsage, type UsageBook, type UsageMarks } from "../../../src/store/link_usage.ts";
import { testCore } from "../../support/core.ts";
import { diceOf } from "../../support/dice.ts";
import { HandClock } from "../../support/hand_clock.ts";
import { SimulatedDisk, type Snapshot } from "../../support/simulated_disk.ts";

const core = testCore();
const NOON = Date.parse("2026-11-22T12:00:00Z");
const DAY_MS = 86_400_000;
const UTC = new Calendar("UTC");

class Book implements UsageBook {
  marks: UsageMarks | null = null;
  writes = 0;
  write(marks: UsageMarks): Promise<void> {
    this.marks = marks;
    this.writes++;
    return Promise.resolve();
  }
}

function quotaOf(
  limits: Partial<QuotaLimits>,
  { clock = new HandClock(), book = new Book() } = {},
) {
  const quota = new Quota({
    ...{ bytesPerDay: null, bytesPerMonth: null, ...limits },
    ...{ clock, book, calendar: UTC },
  });
  return { quota, clock, book };
}

describe("Quota", () => {
  it("promises no more than the day has, and the month", () => {
    const { quota } = quotaOf({ bytesPerDay: 1_000_000, bytesPerMonth: 1_500_000 });
    expect(quota.reserve(900_000)).not.toBeNull();
    expect(quota.exceeded).toBeNull();
    expect(quota.reserve(200_000)).toBeNull();
    expect(quota.exceeded).toBeNull();
    expect(quota.leftBytes).toBe(90_000);
    quota.need(100_000);
    expect(quota.exceeded).toBe("day");
  });

  it("gives back what a request did not take, and then lets the next go", () => {
    const { quota } = quotaOf({ bytesPerDay: 1_000_000 });
    const hold = quota.reserve(900_000)!;
    expect(quota.reserve(200_000)).toBeNull();
    quota.settle(hold, 100_000);
    expect(quota.exceeded).toBeNull();
    expect(quota.used).toEqual({ day: 100_000, month: 100_000 });
    expect(quota.reserve(200_000)).not.toBeNull();
  });

  it("says when a request is too large for a whole quota", () => {
    const { quota } = quotaOf({ bytesPerDay: 100_000 });
    expect(quota.reserve(150_000)).toBeNull();
    quota.need(150_000);
    expect(quota.tooLargeBytes).toBe(150_000);
    quota.change({ bytesPerDay: 1_000_000, bytesPerMonth: null }, UTC);
    expect(quota.tooLargeBytes).toBeNull();
    expect(quota.reserve(150_000)).not.toBeNull();
  });

  it("begins anew with the day, and not with the month", () => {
    const clock = new HandClock({ wallMs: NOON });
    const { quota } = quotaOf({ bytesPerDay: 1_000_000, bytesPerMonth: 1_500_000 }, { clock });
    quota.settle(quota.reserve(900_000)!, 900_000);
    clock.advance(DAY_MS / 2);
    expect(quota.used).toEqual({ day: 0, month: 900_000 });
    quota.settle(quota.reserve(500_000)!, 500_000);
    quota.need(200_000);
    expect(quota.exceeded).toBe("month");
    clock.advance(9 * DAY_MS);
    expect(quota.used).toEqual({ day: 0, month: 0 });
  });

  it("counts a request of around midnight in both days", () => {
    const clock = new HandClock({ wallMs: NOON });
    const { quota } = quotaOf({ bytesPerDay: 1_000_000 }, { clock });
    const hold = quota.reserve(900_000)!;
    clock.advance(DAY_MS / 2);
    expect(quota.used.day).toBe(900_000);
    quota.settle(hold, 300_000);
    expect(quota.used.day).toBe(300_000);
  });

  it("frees nothing when the clock is set back, a restart between", () => {
    const clock = new HandClock({ wallMs: NOON });
    const { quota, book } = quotaOf({ bytesPerDay: 1_000_000 }, { clock });
    quota.settle(quota.reserve(990_000)!, 990_000);
    clock.setWall(NOON - 40 * DAY_MS);
    expect(quota.reserve(100_000)).toBeNull();
    book.marks = { day: "2026-11-22", dayBytes: 990_000, month: "2026-11", monthBytes: 990_000 };
    const again = quotaOf({ bytesPerDay: 1_000_000 }, { clock, book }).quota;
    expect(again.reserve(100_000)).toBeNull();
    clock.setWall(NOON + 1_000);
    expect(again.reserve(100_000)).toBeNull();
  });

  it("writes ahead in chunks, not at each request", async () => {
    const { quota, book } = quotaOf({ bytesPerMonth: 100_000_000 });
    for (let request = 0; request < 1_000; request++) {
      const hold = quota.reserve(10_000)!;
      await quota.durable();
      expect(book.marks!.monthBytes).toBeGreaterThanOrEqual(quota.used.month);
      quota.settle(hold, 9_000);
    }
    expect(book.writes).toBeLessThan(30);
  });

  it("writes seldom, and makes nobody wait, where there is no quota", async () => {
    const { quota, book, clock } = quotaOf({});
    for (let request = 0; request < 1_000; request++) {
      const hold = quota.reserve(1_000_000)!;
      await quota.durable();
      quota.settle(hold, 1_000_000);
      clock.advance(1_000);
      await Promise.resolve();
    }
    expect(book.writes).toBeGreaterThan(10);
    expect(book.writes).toBeLessThan(20);
    await quota.flush();
    expect(book.marks).toMatchObject({ monthBytes: 1_000_000_000 });
  });

  it("lets nothing go while it cannot be written down", async () => {
    const { quota, book } = quotaOf({ bytesPerDay: 1_000_000 });
    book.write = () => Promise.reject(new Error("no disk"));
    quota.reserve(1_000);
    await expect(quota.durable()).rejects.toThrow("no disk");
  });
});

describe("Quota on a disk that crashes", () => {
  const LIMIT = 300_000;

  /** Requests until the quota says no; `moved` is told of all bytes, before they could move. */
  async function useUp(
    disk: SimulatedDisk,
    dice: () => number,
    moved: (bytes: number) => void,
    requestsMax = Infinity,
  ): Promise<void> {
    const book = await LinkUsage.open({
      disk,
      crc32c: (bytes) => core.crc32c(bytes),
      logger: SILENT_LOGGER,
    });
    const { quota } = quotaOf({ bytesPerDay: LIMIT }, {
      clock: new HandClock({ wallMs: NOON }),
      book: book as unknown as Book,
    });
    for (let request = 0; request < requestsMax; request++) {
      const bytes = 500 + Math.floor(dice() * 8_000);
      const hold = quota.reserve(bytes);
      if (hold === null) break;
      await quota.durable();
      const actual = Math.floor(bytes * dice());
      moved(actual);
      quota.settle(hold, actual);
    }
  }

  it("is never exceeded, wherever the crash comes", async () => {
    const disk = new SimulatedDisk();
    const moments: { snapshot: Snapshot; total: number }[] = [];
    let total = 0;
    disk.onStep = () => moments.push({ snapshot: disk.snapshot(), total });
    await useUp(disk, diceOf(1), (bytes) => total += bytes);
    expect(total).toBeGreaterThan(LIMIT * 0.9);
    expect(total).toBeLessThanOrEqual(LIMIT);
    expect(moments.length).toBeGreaterThan(20);
    for (const [at, { snapshot, total: before }] of moments.entries()) {
      const dice = diceOf(at);
      for (
        const crashed of [SimulatedDisk.killed(snapshot), SimulatedDisk.crashed(snapshot, dice)]
      ) {
        let after = before;
        await useUp(crashed, dice, (bytes) => after += bytes);
        expect(after, `step ${snapshot.step}, seed ${at}`).toBeLessThanOrEqual(LIMIT);
      }
    }
  });

  it("is never exceeded by a process that is killed again and again", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const dice = diceOf(seed);
      let disk = new SimulatedDisk();
      let total = 0;
      for (let life = 0; life < 40; life++) {
        await useUp(disk, dice, (bytes) => total += bytes, Math.floor(dice() * 10));
        disk = SimulatedDisk.crashed(disk.snapshot(), dice);
      }
      expect(total, `seed ${seed}`).toBeLessThanOrEqual(LIMIT);
    }
  });
});
