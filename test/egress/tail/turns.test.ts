import { describe, expect, it } from "vitest";
import { Turns } from "../../../src/egress/tail/turns.ts";
import { HandClock } from "../../support/hand_clock.ts";

describe("Turns.take()", () => {
  it("runs a few at the same time, and the others in the order they came", async () => {
    const turns = new Turns(new HandClock(), 2);
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const all = [0, 1, 2, 3].map((nth) =>
      turns.take(() =>
        new Promise<void>((resolve) => {
          begun.push(nth);
          ends.push(resolve);
        })
      )
    );
    await settled();
    expect(begun).toEqual([0, 1]);
    expect(turns.waiting).toBe(2);
    ends[1]!();
    await settled();
    expect(begun).toEqual([0, 1, 2]);
    ends[0]!();
    ends[2]!();
    await settled();
    ends[3]!();
    await Promise.all(all);
    expect(begun).toEqual([0, 1, 2, 3]);
  });

  it("gives the turn on when one fails, and tells who had it", async () => {
    const turns = new Turns(new HandClock(), 1);
    const failed = turns.take(() => Promise.reject(new Error("no")));
    const next = turns.take(() => Promise.resolve("yes"));
    await expect(failed).rejects.toThrow("no");
    expect(await next).toBe("yes");
  });

  it("begins behind what is ready already", async () => {
    const clock = new HandClock({ soon: "by_hand" });
    const turns = new Turns(clock, 1);
    let ran = false;
    const taken = turns.take(() => Promise.resolve(ran = true));
    await settled();
    expect(ran).toBe(false);
    clock.runSoon();
    await taken;
    expect(ran).toBe(true);
  });
});

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));
