/** One request on its way through the cap. */
import { describe, expect, it } from "vitest";
import { GrantQueue } from "../../../src/replication/budget/grant_queue.ts";
import { Passage } from "../../../src/replication/budget/passage.ts";
import { frameBytes } from "../../../src/replication/budget/wire_bytes.ts";
import { HandClock } from "../../support/hand_clock.ts";

function passageOf(sliceBytes: (() => number) | null) {
  const clock = new HandClock();
  const queue = new GrantQueue({ clock, timers: clock, bytesPerSecond: 1_000 });
  const ends: number[] = [];
  const passage = new Passage({
    ...{ clock, queue, rank: 1, sliceBytes, hold: null },
    ended: (_, received) => ends.push(received),
  });
  return { clock, queue, passage, ends };
}

describe("Passage", () => {
  it("counts what it lets through, frames of pieces included, and how long it waited", async () => {
    const { clock, passage } = passageOf(() => 100);
    expect(passage.paced).toBe(true);
    await passage.pass(250);
    const piece = passage.pace(1_000);
    clock.advance(100 + frameBytes(100));
    expect(await piece).toBe(100);
    expect(passage.sentBytes).toBe(250 + 100 + frameBytes(100));
    expect(passage.waitedMs).toBe(100 + frameBytes(100));
    const last = passage.pace(7);
    clock.advance(200);
    expect(await last).toBe(7);
  });

  it("ends once, and waits for nothing then", async () => {
    const { clock, queue, passage, ends } = passageOf(null);
    expect(passage.paced).toBe(false);
    await passage.pass(250);
    const waiting = passage.pass(250);
    passage.end(30);
    passage.end(40);
    await waiting;
    expect(passage.sentBytes).toBe(250);
    expect(ends).toEqual([30]);
    expect(queue.size).toBe(0);
    expect(clock.timersWaiting).toBe(0);
  });

  it("used nothing when it never left", async () => {
    const { passage, ends } = passageOf(null);
    await passage.pass(250);
    passage.unsent();
    expect(passage.sentBytes).toBe(0);
    expect(ends).toEqual([0]);
  });
});
