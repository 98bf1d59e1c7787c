import { describe, expect, it } from "vitest";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import { AgeClock } from "../../src/store/age_clock.ts";
import { HandClock } from "../support/hand_clock.ts";

describe("AgeClock", () => {
  it("counts the time of its runs, whatever anybody sets the wall clock to", () => {
    const clock = new HandClock({ wallMs: 0 });
    const events: unknown[] = [];
    const logger = {
      ...SILENT_LOGGER,
      warn: (event: string, fields?: unknown) => void events.push([event, fields]),
    };
    const age = new AgeClock(clock, 5_000, logger);
    clock.advance(1_000);
    expect(age.nowMs()).toBe(6_000);
    clock.setWall(1_700_000_000_000);
    age.watchWallClock();
    clock.advance(500);
    expect(age.nowMs()).toBe(6_500);
    expect(events).toMatchObject([["wall_clock_stepped", { step_ms: 1_699_999_999_000 }]]);
    clock.setWall(clock.wallMs() - 59 * 60_000);
    age.watchWallClock();
    expect(events.length).toBe(1);
    clock.setWall(0);
    age.watchWallClock();
    expect(events.length).toBe(2);
    expect(age.nowMs()).toBe(6_500);
  });
});
