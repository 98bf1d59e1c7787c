import { describe, expect, it } from "vitest";
import { sleep, type Timers } from "../../src/base/clock.ts";

/** Timers that hold what they were given until the test fires it. */
function heldTimers(): { timers: Timers; fire: () => void; cancelled: () => number } {
  let held: (() => void) | null = null;
  let cancelled = 0;
  return {
    timers: {
      after(_delayMs, task) {
        held = task;
        return () => {
          held = null;
          cancelled++;
        };
      },
      soon: (task) => queueMicrotask(task),
    },
    fire: () => held?.(),
    cancelled: () => cancelled,
  };
}

describe("sleep()", () => {
  it("resolves when its timer fires", async () => {
    const { timers, fire } = heldTimers();
    const slept = sleep(timers, 1_000);
    fire();
    await slept;
  });

  it("resolves at once and drops its timer when the signal aborts", async () => {
    const { timers, cancelled } = heldTimers();
    const aborter = new AbortController();
    const slept = sleep(timers, 1_000, aborter.signal);
    aborter.abort();
    await slept;
    expect(cancelled()).toBe(1);
  });

  it("does not start a timer when the signal has aborted already", async () => {
    const timers: Timers = {
      after() {
        throw new Error("no timer is wanted");
      },
      soon() {},
    };
    await sleep(timers, 1_000, AbortSignal.abort());
  });
});
