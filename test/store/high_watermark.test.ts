import { expect, it } from "vitest";
import { HighWatermark } from "../../src/store/high_watermark.ts";
import { HandClock } from "../support/hand_clock.ts";

it("waitFor() resolves at once when there is something, or no time", async () => {
  const watermark = new HighWatermark(new HandClock(), 5);
  expect(await watermark.waitFor(4, { timeoutMs: 1_000 })).toBe(true);
  expect(await watermark.waitFor(5, { timeoutMs: 0 })).toBe(false);
  expect(await watermark.waitFor(5, { timeoutMs: 1, signal: AbortSignal.abort() })).toBe(false);
  expect(watermark.waiting).toBe(0);
});

it("waitFor() wakes when the watermark passes its offset, and cancels its timer", async () => {
  const clock = new HandClock();
  const watermark = new HighWatermark(clock, 5);
  const waits = [5, 6].map((offset) => watermark.waitFor(offset, { timeoutMs: 1_000 }));
  watermark.advance(6, 100);
  expect([watermark.waiting, clock.timersWaiting]).toEqual([1, 1]);
  watermark.advance(7, 100);
  expect(await Promise.all(waits)).toEqual([true, true]);
  expect([watermark.waiting, clock.timersWaiting]).toEqual([0, 0]);
});

it("waitFor() waits for the bytes that are missing", async () => {
  const watermark = new HighWatermark(new HandClock(), 5);
  let woken = false;
  const wait = watermark.waitFor(3, { bytesMissing: 150, timeoutMs: 1_000 })
    .then((enough) => woken = enough);
  watermark.advance(6, 100);
  await Promise.resolve();
  expect(woken).toBe(false);
  watermark.advance(7, 50);
  expect(await wait).toBe(true);
});

it("waitFor() gives up on time, on abort, and when the log closes", async () => {
  const clock = new HandClock();
  const watermark = new HighWatermark(clock, 0);
  const timed = watermark.waitFor(0, { timeoutMs: 50 });
  clock.advance(50);
  expect(await timed).toBe(false);
  const abort = new AbortController();
  const aborted = watermark.waitFor(0, { timeoutMs: 50, signal: abort.signal });
  abort.abort();
  expect(await aborted).toBe(false);
  const untimed = watermark.waitFor(0, { timeoutMs: Infinity });
  expect(clock.timersWaiting).toBe(0);
  watermark.wakeAll();
  expect(await untimed).toBe(false);
  const closed = watermark.waitFor(0, { timeoutMs: 50 });
  watermark.wakeAll();
  expect(await closed).toBe(false);
  expect(watermark.waiting).toBe(0);
});

it("advance() never lets the watermark fall", () => {
  expect(() => new HighWatermark(new HandClock(), 5).advance(4, 0)).toThrow(/never falls/);
});
