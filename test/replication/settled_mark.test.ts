import { describe, expect, it } from "vitest";
import { SettledMark } from "../../src/replication/settled_mark.ts";

const cursor = (logId: string, held: number, settled: number, islandEnd?: number) => ({
  ...{ logId, held, settled },
  islands: islandEnd === undefined ? [] : [{ from: held + 1, to: islandEnd }],
});

describe("SettledMark.below()", () => {
  it("is all that is held once every log is settled as far as it is held", () => {
    const mark = new SettledMark();
    expect(mark.below(0, [])).toBe(0);
    expect(mark.below(20, [cursor("a", 12, 12), cursor("b", 8, 8)])).toBe(20);
  });

  it("comes on in strides while more is held all the time", () => {
    const mark = new SettledMark();
    expect(mark.below(20, [cursor("a", 12, 0), cursor("b", 8, 8)])).toBe(0);
    expect(mark.below(30, [cursor("a", 17, 11), cursor("b", 13, 8)])).toBe(0);
    // The root has what was held when the partition stood at 20; b was settled then.
    expect(mark.below(40, [cursor("a", 22, 12), cursor("b", 18, 9)])).toBe(20);
    expect(mark.below(50, [cursor("a", 27, 22), cursor("b", 23, 17)])).toBe(20);
    expect(mark.below(60, [cursor("a", 32, 22), cursor("b", 28, 18)])).toBe(40);
  });

  it("waits for islands too: their batches may stand below what is held", () => {
    const mark = new SettledMark();
    expect(mark.below(20, [cursor("a", 10, 0, 30)])).toBe(0);
    expect(mark.below(25, [cursor("a", 12, 12, 30)])).toBe(0);
    expect(mark.below(45, [cursor("a", 40, 30)])).toBe(20);
  });

  it("goes back with a receiver that lost data, and begins again", () => {
    const mark = new SettledMark();
    expect(mark.below(20, [cursor("a", 20, 20)])).toBe(20);
    expect(mark.below(40, [cursor("a", 40, 20)])).toBe(20);
    expect(mark.below(10, [cursor("a", 10, 5)])).toBe(10);
    expect(mark.below(40, [cursor("a", 40, 9)])).toBe(10);
    expect(mark.below(40, [cursor("a", 40, 10)])).toBe(10);
    expect(mark.below(40, [cursor("a", 40, 40)])).toBe(40);
  });
});
