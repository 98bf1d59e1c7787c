import { describe, expect, it } from "vitest";
import { Parked } from "../../src/groups/parked.ts";
import { HandClock } from "../support/hand_clock.ts";
import { settled } from "../support/group_world.ts";

function park(more: { signal?: AbortSignal; waitMs?: number } = {}) {
  const clock = new HandClock();
  const ends: string[] = [];
  const end = (why: string) => () => {
    ends.push(why);
    return new Error(why);
  };
  const parked = new Parked<number>({
    ...{ timers: clock, gone: end("gone"), late: end("late") },
    ...more,
  });
  return { clock, ends, parked };
}

describe("Parked", () => {
  it("answers once, with what comes first", async () => {
    const signal = new AbortController();
    const { clock, ends, parked } = park({ signal: signal.signal, waitMs: 10 });
    parked.resolve(1);
    parked.reject(new Error("behind it"));
    signal.abort();
    clock.advance(100);
    expect(await parked.answer).toBe(1);
    expect(ends).toEqual([]);
    expect(clock.timersWaiting).toBe(0);
  });

  it("is late when its time is over, and gone when its client is", async () => {
    const late = park({ waitMs: 10 });
    late.clock.advance(10);
    await expect(late.parked.answer).rejects.toThrow("late");
    const client = new AbortController();
    const gone = park({ signal: client.signal });
    client.abort();
    await expect(gone.parked.answer).rejects.toThrow("gone");
    expect([late.ends, gone.ends]).toEqual([["late"], ["gone"]]);
  });

  it("is gone a moment later where its client was before, unless it was answered", async () => {
    const gone = park({ signal: AbortSignal.abort() });
    expect(gone.ends).toEqual([]);
    await expect(gone.parked.answer).rejects.toThrow("gone");
    const answered = park({ signal: AbortSignal.abort() });
    answered.parked.resolve(1);
    await settled();
    expect(answered.ends).toEqual([]);
  });
});
