/**
 * The cap over time. Method: pieces of random sizes and classes come without end, time is wound from
 * timer to timer, and every window of ten seconds is held to the cap. Seeds are printed on failure.
 */
import { describe, expect, it } from "vitest";
import { GrantQueue } from "../../../src/replication/budget/grant_queue.ts";
import { diceOf } from "../../support/dice.ts";
import { HandClock } from "../../support/hand_clock.ts";

interface Sent {
  readonly atMs: number;
  readonly rank: number;
  readonly bytes: number;
}

const WINDOW_MS = 10_000;

/** Sends pieces of `sizeOf` for a minute, never without one waiting in each of `ranks`. */
async function busyMinute(
  rate: number,
  sizeOf: (rank: number) => number,
  ranks: readonly number[] = [10],
): Promise<Sent[]> {
  const clock = new HandClock();
  const queue = new GrantQueue({
    clock,
    timers: clock,
    bytesPerSecond: rate,
    wanting: () => ranks,
  });
  const sent: Sent[] = [];
  let over = false;
  const sendAll = async (rank: number) => {
    while (!over) {
      const bytes = sizeOf(rank);
      if (!await queue.acquire(rank, bytes, sent)) return;
      sent.push({ atMs: clock.monotonicMs(), rank, bytes });
    }
  };
  const senders = ranks.map(sendAll);
  while (clock.monotonicMs() < 60_000) {
    for (let turn = 0; turn < 4; turn++) await Promise.resolve();
    clock.advance(1);
  }
  over = true;
  queue.drop(sent);
  await Promise.all(senders);
  return sent;
}

/** The most bytes in any window of ten seconds. */
function mostInWindow(sent: readonly Sent[]): number {
  let [most, inWindow, first] = [0, 0, 0];
  for (const { atMs, bytes } of sent) {
    inWindow += bytes;
    while (sent[first]!.atMs <= atMs - WINDOW_MS) inWindow -= sent[first++]!.bytes;
    most = Math.max(most, inWindow);
  }
  return most;
}

function bytesOf(sent: readonly Sent[]): number {
  return sent.reduce((total, { bytes }) => total + bytes, 0);
}

describe("GrantQueue", () => {
  const seeds = Array.from({ length: 12 }, (_, at) => at + 1);

  it.each(seeds)("holds the cap in any ten seconds, and uses it: seed %i", async (seed) => {
    const dice = diceOf(seed);
    const rate = Math.round(2_000 * 25_000 ** dice());
    const largest = Math.min(rate / 4, 1024 * 1024);
    const size = () => Math.round(100 * (largest / 100) ** dice());
    const sent = await busyMinute(rate, size, [100, 11, 10]);
    expect(mostInWindow(sent), `rate ${rate}`).toBeLessThanOrEqual(rate * 10 * 1.05);
    expect(bytesOf(sent), `rate ${rate}`).toBeGreaterThan(rate * 60 * 0.97);
  });

  it("lets the best class through first, and leaves the others a floor", async () => {
    const sent = await busyMinute(10_000, () => 500, [11, 10, 3]);
    const part = (rank: number) => bytesOf(sent.filter((one) => one.rank === rank)) / bytesOf(sent);
    expect(part(11)).toBeGreaterThan(0.88);
    expect(part(10)).toBeGreaterThan(0.045);
    expect(part(3)).toBeGreaterThan(0.045);
  });

  it("lets everything through at once where there is no cap", async () => {
    const clock = new HandClock();
    const queue = new GrantQueue({ clock, timers: clock, bytesPerSecond: Infinity });
    for (let count = 0; count < 100; count++) await queue.acquire(1, 1e9, queue);
    expect(clock.timersWaiting).toBe(0);
    expect(queue.size).toBe(0);
  });

  it("lets go of what is over, and of its place", async () => {
    const clock = new HandClock();
    const queue = new GrantQueue({ clock, timers: clock, bytesPerSecond: 1_000 });
    const [gone, here] = [{}, {}];
    await queue.acquire(1, 250, here);
    const dropped = queue.acquire(1, 1e6, gone);
    const kept = queue.acquire(1, 100, here);
    queue.drop(gone);
    expect(await dropped).toBe(false);
    clock.advance(100);
    expect(await kept).toBe(true);
    expect(clock.timersWaiting).toBe(0);
  });

  it("takes another cap at once, for what waits too", async () => {
    const clock = new HandClock();
    const queue = new GrantQueue({ clock, timers: clock, bytesPerSecond: 1_000 });
    await queue.acquire(1, 250, queue);
    const waiting = queue.acquire(1, 250, queue);
    queue.setRate(Infinity);
    expect(await waiting).toBe(true);
    expect(queue.burstBytes).toBe(Infinity);
    expect(queue.waitMs(1)).toBe(0);
  });
});
