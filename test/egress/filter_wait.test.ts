import { expect, it } from "vitest";
import { filterWait } from "../../src/egress/filter_wait.ts";
import { HandClock } from "../support/hand_clock.ts";

/** Pages are the offsets they end at; what is worth it ends in 9. */
function waiting(ends: number[], more: { maxWaitMs?: number; signal?: AbortSignal } = {}) {
  const clock = new HandClock();
  const waits: [page: number, maxWaitMs: number][] = [];
  const before: (number | null)[] = [];
  const page = filterWait<number>({
    ...{ clock, maxWaitMs: 1_000, isWorthIt: (end) => end % 10 === 9 },
    read(from) {
      before.push(from);
      return Promise.resolve(ends.shift()!);
    },
    wait(end, maxWaitMs) {
      waits.push([end, maxWaitMs]);
      clock.advance(400);
      return Promise.resolve(ends.length > 0);
    },
    ...more,
  });
  return { page, waits, before };
}

it("looks through what comes, from where it was, until something is worth it", async () => {
  const { page, waits, before } = waiting([1, 5, 9]);
  expect(await page).toBe(9);
  expect(before).toEqual([null, 1, 5]);
  expect(waits).toEqual([[1, 1_000], [5, 600]]);
});

it("ends when the time is up, the wait ends with nothing, or the reader has gone", async () => {
  expect(await waiting([1, 2, 3, 4, 9]).page).toBe(4);
  expect(await waiting([1]).page).toBe(1);
  expect(await waiting([1, 9], { maxWaitMs: 0 }).page).toBe(1);
  expect(await waiting([1, 9], { signal: AbortSignal.abort() }).page).toBe(1);
});
