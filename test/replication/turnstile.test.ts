/** Waiting for a turn: by movement, by time, and not at all when too many wait. */
import { describe, expect, it } from "vitest";
import { Turnstile } from "../../src/replication/turnstile.ts";
import { HandClock } from "../support/hand_clock.ts";

const LOG = "00000000000000aa";

describe("Turnstile", () => {
  it("lets those pass that wait for a log that moved, and no others", async () => {
    const clock = new HandClock();
    const turnstile = new Turnstile(clock, { waitMs: 100, waitersMax: 10 });
    const waits = [turnstile.wait(LOG), turnstile.wait(LOG), turnstile.wait("other")];
    turnstile.moved(LOG);
    expect(await Promise.all(waits.slice(0, 2))).toEqual([true, true]);
    expect(turnstile.waiting).toBe(1);
    clock.advance(100);
    expect(await waits[2]).toBe(false);
    expect(clock.timersWaiting).toBe(0);
  });

  it("turns away at its limit", async () => {
    const turnstile = new Turnstile(new HandClock(), { waitMs: 100, waitersMax: 1 });
    const first = turnstile.wait(LOG);
    expect(await turnstile.wait(LOG)).toBe(false);
    turnstile.moved(LOG);
    expect(await first).toBe(true);
    expect(turnstile.waiting).toBe(0);
  });
});
