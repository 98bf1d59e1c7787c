import { expect, it } from "vitest";
import { Deadline } from "../../src/groups/deadline.ts";
import { HandClock } from "../support/hand_clock.ts";

function make() {
  const clock = new HandClock();
  const missed: number[] = [];
  const deadline = new Deadline(clock, () => missed.push(clock.monotonicMs()));
  return { clock, missed, deadline };
}

it("is missed once, when it is due", () => {
  const { clock, missed, deadline } = make();
  deadline.set(100);
  expect(deadline.isSet).toBe(true);
  clock.advance(99);
  expect(missed).toEqual([]);
  clock.advance(1_000);
  expect(missed).toEqual([100]);
  expect(deadline.isSet).toBe(false);
});

it("can be put off as often as one likes for one timer", () => {
  const { clock, missed, deadline } = make();
  for (let at = 0; at < 50; at++) {
    deadline.set(100);
    clock.advance(10);
    expect(clock.timersWaiting).toBe(1);
  }
  expect(missed).toEqual([]);
  clock.advance(1_000);
  expect(missed).toEqual([590]);
});

it("can be brought forward, and set again once it was missed", () => {
  const { clock, missed, deadline } = make();
  deadline.set(1_000);
  deadline.set(10);
  clock.advance(10);
  expect(missed).toEqual([10]);
  deadline.set(5);
  clock.advance(5);
  expect(missed).toEqual([10, 15]);
});

it("is never missed once it is cleared", () => {
  const { clock, missed, deadline } = make();
  deadline.set(10);
  deadline.clear();
  clock.advance(100);
  expect(missed).toEqual([]);
  expect(clock.timersWaiting).toBe(0);
});
