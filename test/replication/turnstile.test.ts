/** Waiting for a turn: by movement, by time, and not at all when too many wait. */
import { describe, expect, it } from "vitest";
import { Turnstile } from "../../src/replication/turnstile.ts";
import { HandClock } from "../support/hand_clock.ts";

const LOG = "00000000000000aa";

describe("Turnstile", () => {
  it("lets those pass that wait for a log that moved, and no others", async () => {
    const clock = new HandClock();
    const turnstile = new Turnstile(clock, { waitMs: 100, waitersMax: 10 });
    const waits = [turnstile.wait(LOG, 5), turnstile.wait(LOG, 7), turnstile.wait("other", 5)];
    turnstile.moved(LOG);
    expect(await Promise.all(waits.slice(0, 2))).toEqual([true, true]);
    expect(turnstile.waiting).toBe(1);
    clock.advance(100);
    expect(await waits[2]).toBe(false);
    expect(clock.timersWaiting).toBe(0);
  });

  it("wakes those who wait for the very place, however much comes elsewhere", async () => {
    const clock = new HandClock();
    const turnstile = new Turnstile(clock, { waitMs: 100, waitersMax: 10 });
    const waits = [turnstile.wait(LOG, 5), turnstile.wait(LOG, 5), turnstile.wait(LOG, 900)];
    for (let at = 0; at < 5; at++) {
      turnstile.moved(LOG, at);
      clock.advance(10);
    }
    expect(turnstile.waiting).toBe(3);
    turnstile.moved(LOG, 5);
    expect(await Promise.all(waits.slice(0, 2))).toEqual([true, true]);
    clock.advance(50);
    expect(await waits[2]).toBe(false);
  });

  it("turns away at its limit", async () => {
    const turnstile = new Turnstile(new HandClock(), { waitMs: 100, waitersMax: 1 });
    const first = turnstile.wait(LOG, 5);
    expect(await turnstile.wait(LOG, 5)).toBe(false);
    turnstile.moved(LOG);
    expect(await first).toBe(true);
    expect(turnstile.waiting).toBe(0);
  });
});
