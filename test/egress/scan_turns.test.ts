import { expect, it } from "vitest";
import { FETCH_SCAN_TURN_MS } from "../../src/base/reader_limits.ts";
import { ScanTurns } from "../../src/egress/scan_turns.ts";
import { HandClock } from "../support/hand_clock.ts";

const settled = async () => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
};

it("one scan has each turn of the event loop, in the order in which they asked", async () => {
  const clock = new HandClock({ soon: "by_hand" });
  const turns = new ScanTurns({ clock, timers: clock });
  const served: string[] = [];
  for (const name of ["a", "b", "c"]) void turns.take().then(() => served.push(name));
  await settled();
  expect(served).toEqual([]);
  for (const expected of [["a"], ["a", "b"], ["a", "b", "c"]]) {
    clock.runSoon();
    await settled();
    expect(served).toEqual(expected);
  }
  // Nobody waits: nothing is left to run.
  clock.runSoon();
  void turns.take().then(() => served.push("d"));
  clock.runSoon();
  await settled();
  expect(served).toEqual(["a", "b", "c", "d"]);
});

it("a turn is over after some milliseconds", async () => {
  const clock = new HandClock();
  const turn = await new ScanTurns({ clock, timers: clock }).take();
  expect(turn.isOver).toBe(false);
  clock.advance(FETCH_SCAN_TURN_MS);
  expect(turn.isOver).toBe(true);
});
