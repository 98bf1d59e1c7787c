import { describe, expect, it } from "vitest";
import { RATE_LONG_MS, RATE_SHORT_MS } from "../../src/base/limits.ts";
import { AppendRates } from "../../src/store/append_rates.ts";
import { HandClock } from "../support/hand_clock.ts";

const MINUTE_MS = 60_000;

function grown() {
  const clock = new HandClock();
  const log = { takenBytes: 5_000, highWatermark: 50 };
  const rates = new AppendRates(clock);
  rates.add(log);
  const run = (minutes: number, bytesPerS: number) => {
    for (let minute = 0; minute < minutes; minute++) {
      log.takenBytes += 60 * bytesPerS;
      log.highWatermark += 0.6 * bytesPerS;
      clock.advance(MINUTE_MS);
      rates.tick();
    }
  };
  return { log, rates, run, clock };
}

describe("AppendRates", () => {
  it("says what a steady stream is from the first minute on, without what was there before", () => {
    const { log, rates, run } = grown();
    run(1, 100);
    expect(rates.of(log, "short").bytesPerS).toBeCloseTo(100, 6);
    run(100, 100);
    for (const window of ["short", "long"] as const) {
      const { bytesPerS, recordsPerS } = rates.of(log, window);
      expect(bytesPerS).toBeCloseTo(100, 6);
      expect(recordsPerS).toBeCloseTo(1, 6);
    }
  });

  it("follows a change within its window, soon or over a day", () => {
    const { log, rates, run } = grown();
    run(2 * RATE_LONG_MS / MINUTE_MS, 100);
    run(5 * RATE_SHORT_MS / MINUTE_MS, 1_000);
    expect(rates.of(log, "short").bytesPerS).toBeGreaterThan(990);
    expect(rates.of(log, "long").bytesPerS).toBeLessThan(150);
  });

  it("weighs what came between two looks as if it had come evenly", () => {
    const { log, rates, clock } = grown();
    log.takenBytes += 3_600 * 100;
    clock.advance(60 * MINUTE_MS);
    expect(rates.of(log, "long").bytesPerS).toBeCloseTo(100, 6);
  });

  it("counts all of a log that is new, and nothing of one it does not know", () => {
    const { rates, clock } = grown();
    const fresh = { takenBytes: 600, highWatermark: 6 };
    rates.add(fresh, true);
    clock.advance(MINUTE_MS);
    expect(rates.of(fresh, "short").bytesPerS).toBeCloseTo(10, 6);
    const stranger = { takenBytes: 1, highWatermark: 1 };
    expect(rates.of(stranger, "long")).toEqual({ bytesPerS: 0, recordsPerS: 0 });
  });
});
