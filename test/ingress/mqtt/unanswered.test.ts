import { describe, expect, it } from "vitest";
import { ByteBudget } from "../../../src/ingress/mqtt/byte_budget.ts";
import { Unanswered } from "../../../src/ingress/mqtt/unanswered.ts";

const chunk = (...bytes: number[]) => Uint8Array.from(bytes);

/** Everything that is taken again, in order, `step` bytes at a time. */
function taken(unanswered: Unanswered, step = 1): number[] {
  const bytes: number[] = [];
  while (unanswered.size > 0) {
    const some = unanswered.unread().slice(0, step);
    bytes.push(...some);
    unanswered.consume(some.length);
  }
  return bytes;
}

describe("Unanswered", () => {
  it("gives what was refused again in order, before what was left of an earlier turn", () => {
    const budget = new ByteBudget(100);
    const unanswered = new Unanswered(budget);
    const [first, second] = [unanswered.copy(chunk(1, 2, 3)), unanswered.copy(chunk(4, 5))];
    unanswered.refused(first);
    unanswered.refused(second);
    expect(unanswered.size, "not before there is room").toBe(0);
    unanswered.takeAgain();
    expect([...unanswered.unread()]).toEqual([1, 2, 3]);
    unanswered.refused(unanswered.copy(chunk(1, 2)));
    unanswered.consume(2);
    unanswered.takeAgain();
    expect(taken(unanswered)).toEqual([1, 2, 3, 4, 5]);
    expect(budget.bytes).toBe(0);
    expect(unanswered.isLost).toBe(false);
  });

  it("keeps copies: the buffer they came from is read into again", () => {
    const unanswered = new Unanswered(new ByteBudget(100));
    const read = chunk(1, 2);
    unanswered.refused(unanswered.copy(read));
    read.fill(9);
    unanswered.takeAgain();
    expect(taken(unanswered, 2)).toEqual([1, 2]);
  });

  it("is lost where there was no room for a copy, or what came later is on the disk", () => {
    const small = new Unanswered(new ByteBudget(1));
    small.refused(small.copy(chunk(1, 2)));
    expect(small.isLost).toBe(true);
    const late = new Unanswered(new ByteBudget(100));
    late.overtaken();
    expect(late.isLost, "nothing was refused before it").toBe(false);
    late.refused(late.copy(chunk(1)));
    late.overtaken();
    expect(late.isLost).toBe(true);
  });

  it("gives back what it took, once", () => {
    const budget = new ByteBudget(100);
    const unanswered = new Unanswered(budget);
    const underWay = unanswered.copy(chunk(1, 2));
    unanswered.done(unanswered.copy(chunk(3)));
    unanswered.refused(unanswered.copy(chunk(4)));
    expect(budget.bytes).toBe(3);
    unanswered.close();
    unanswered.done(underWay);
    expect(budget.bytes).toBe(0);
  });
});
