import { expect, it } from "vitest";
import { ScanTurns } from "../../src/egress/scan_turns.ts";
import { HandClock } from "../support/hand_clock.ts";

const settled = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

/** Rounds of the event loop until something happens that is counted. */
async function roundsUntil(clock: HandClock, happened: () => boolean): Promise<number> {
  for (let rounds = 0; rounds < 100; rounds++) {
    if (happened()) return rounds;
    clock.runSoon();
    await settled();
  }
  return Infinity;
}

it("runs one step at a time, in the order in which they asked, with rounds for others between", async () => {
  const clock = new HandClock({ soon: "by_hand" });
  const turns = new ScanTurns(clock);
  const log: string[] = [];
  const { promise: disk, resolve } = Promise.withResolvers<void>();
  void turns.run(async () => {
    log.push("a begins");
    await disk;
    log.push("a ends");
  });
  for (const name of ["b", "c"]) void turns.run(() => Promise.resolve(void log.push(name)));
  await settled();
  expect(log, "nobody before was busy").toEqual(["a begins"]);
  expect(await roundsUntil(clock, () => log.length > 1)).toBe(Infinity);
  resolve();
  await settled();
  expect(log).toEqual(["a begins", "a ends"]);
  for (const length of [3, 4]) {
    const rounds = await roundsUntil(clock, () => log.length === length);
    expect(rounds).toBeGreaterThan(3);
    expect(rounds).toBeLessThan(100);
  }
  expect(log.slice(2)).toEqual(["b", "c"]);
});

it("goes on after a step that failed, and gives its answer or its error", async () => {
  const turns = new ScanTurns(new HandClock());
  const failed = turns.run(() => Promise.reject(new Error("no disk")));
  const next = turns.run(() => Promise.resolve(7));
  await expect(failed).rejects.toThrow("no disk");
  expect(await next).toBe(7);
  expect(await turns.run(() => Promise.resolve(8))).toBe(8);
});
