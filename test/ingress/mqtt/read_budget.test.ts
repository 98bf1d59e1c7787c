import { describe, expect, it } from "vitest";
import { ReadBudget } from "../../../src/ingress/mqtt/read_budget.ts";

function holder(events: string[], name: string) {
  return {
    roomMade: () => void events.push(`${name} room`),
    evicted: () => void events.push(`${name} evicted`),
  };
}

describe("ReadBudget", () => {
  it("gives a quarter to speed, and never lets it wait", () => {
    const budget = new ReadBudget(1000);
    expect(budget.takeForSpeed(250)).toBe(true);
    expect(budget.takeForSpeed(1)).toBe(false);
  });

  it("lets packets wait for room", () => {
    const events: string[] = [];
    const budget = new ReadBudget(1000);
    expect(budget.takeForPacket(1000, holder(events, "a"), 0)).toBe(true);
    expect(budget.takeForPacket(1, holder(events, "b"), 0)).toBe(false);
    budget.give(10);
    expect(events).toEqual(["b room"]);
  });

  it("evicts the oldest holder when others wait, and only then", () => {
    const events: string[] = [];
    const budget = new ReadBudget(1000);
    const a = holder(events, "a");
    budget.takeForPacket(500, a, 1);
    budget.takeForPacket(500, holder(events, "b"), 2);
    budget.evictStalled(100);
    expect(events, "nobody waits").toEqual([]);
    budget.takeForPacket(500, holder(events, "c"), 3);
    budget.evictStalled(1);
    expect(events, "a is not old enough").toEqual([]);
    budget.evictStalled(100);
    expect(events).toEqual(["a evicted"]);
    budget.packetDone(a);
    budget.evictStalled(100);
    expect(events).toEqual(["a evicted", "b evicted"]);
  });

  it("does not call a holder that is gone", () => {
    const events: string[] = [];
    const budget = new ReadBudget(100);
    const b = holder(events, "b");
    budget.takeForPacket(100, holder(events, "a"), 0);
    budget.takeForPacket(100, b, 0);
    budget.packetDone(b);
    budget.give(100);
    expect(events).toEqual([]);
  });
});
