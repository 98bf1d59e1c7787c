/** Lanes that wait: until when, and how often they were set back. */
import { describe, expect, it } from "vitest";
import type { Lane } from "../../src/replication/lane.ts";
import { Waiting } from "../../src/replication/waiting.ts";
import { HandClock } from "../support/hand_clock.ts";

const lane = {} as Lane;

describe("Waiting", () => {
  it("gives a lane back when its time has come", () => {
    const clock = new HandClock();
    const waiting = new Waiting(clock);
    waiting.add(lane, 50);
    expect([waiting.has(lane), waiting.nextDueMs(), waiting.due()]).toEqual([true, 50, []]);
    clock.advance(50);
    expect(waiting.due()).toEqual([lane]);
    expect([waiting.has(lane), waiting.nextDueMs()]).toEqual([false, null]);
  });

  it("counts setbacks until the lane makes headway", () => {
    const waiting = new Waiting(new HandClock());
    waiting.setBack(lane, 0);
    waiting.setBack(lane, 10);
    expect([waiting.setbacks(lane), waiting.size]).toEqual([2, 1]);
    waiting.clear(lane);
    expect(waiting.setbacks(lane)).toBe(0);
  });
});
