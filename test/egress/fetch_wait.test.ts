import { describe, expect, it } from "vitest";
import { fetchWait, fetchWaitAny } from "../../src/egress/fetch_wait.ts";
import { HighWatermark } from "../../src/store/high_watermark.ts";
import { HandClock } from "../support/hand_clock.ts";

function logAt(clock: HandClock, offset: number) {
  const watermark = new HighWatermark(clock, offset);
  return {
    get highWatermark() {
      return watermark.offset;
    },
    waitFor: (at: number, options: Parameters<HighWatermark["waitFor"]>[1]) =>
      watermark.waitFor(at, options),
    watermark,
  };
}

async function isOver(task: Promise<unknown>): Promise<boolean> {
  let over = false;
  void task.then(() => over = true);
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  return over;
}

describe("fetchWait()", () => {
  const wait = { minBytes: 1, maxWaitMs: 1_000 };

  it("does not wait where there is something to read, or no wait was asked for", async () => {
    const log = logAt(new HandClock(), 5);
    expect(await isOver(fetchWait(log, 4, wait))).toBe(true);
    expect(await isOver(fetchWait(log, 5, { ...wait, maxWaitMs: 0 }))).toBe(true);
  });

  it("waits until there is, or the time is up", async () => {
    const clock = new HandClock();
    const log = logAt(clock, 5);
    const [first, second] = [fetchWait(log, 5, wait), fetchWait(log, 6, wait)];
    expect(await isOver(first)).toBe(false);
    log.watermark.advance(6, 100);
    expect(await isOver(first)).toBe(true);
    expect(await isOver(second)).toBe(false);
    clock.advance(1_000);
    expect(await isOver(second)).toBe(true);
  });
});

describe("fetchWaitAny()", () => {
  it("is over with the first partition that has something, and leaves no one waiting", async () => {
    const clock = new HandClock();
    const logs = [logAt(clock, 1), logAt(clock, 1)];
    const standings = logs.map((log) => ({ log, offset: 1 }));
    const waiting = fetchWaitAny(standings, { maxWaitMs: 1_000 });
    expect(await isOver(waiting)).toBe(false);
    expect(clock.timersWaiting, "one for all").toBe(1);
    logs[1]!.watermark.advance(2, 10);
    expect(await isOver(waiting)).toBe(true);
    expect(logs[0]!.watermark.waiting).toBe(0);
    expect(clock.timersWaiting).toBe(0);
    expect(await isOver(fetchWaitAny(standings, { maxWaitMs: 1_000 }))).toBe(true);
  });

  it("is over when the reader has gone", async () => {
    const gone = new AbortController();
    const standings = [{ log: logAt(new HandClock(), 1), offset: 1 }];
    const waiting = fetchWaitAny(standings, { maxWaitMs: 1_000, signal: gone.signal });
    gone.abort();
    expect(await isOver(waiting)).toBe(true);
  });
});
