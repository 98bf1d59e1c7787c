/** What other nodes' records take of own logs, through checkpoints and what recovery reads again. */
import { describe, expect, it } from "vitest";
import { TakenOffsets } from "../../src/store/taken_offsets.ts";

const RUNS = [{ logId: "a", firstOffset: 10 }, { logId: "b", firstOffset: 30 }];

describe("TakenOffsets", () => {
  it("counts for the run in which they lie, and for none before the first", () => {
    const taken = new TakenOffsets();
    taken.took("t-0", { from: 5, to: 12 });
    taken.took("t-0", { from: 28, to: 33 });
    expect([taken.of("t-0", RUNS, 0), taken.of("t-0", RUNS, 1)]).toEqual([4, 3]);
    expect(taken.of("u-0", RUNS, 0)).toBe(0);
  });

  it("counts once what recovery reads again past the recovery point", () => {
    const taken = new TakenOffsets();
    taken.took("t-0", { from: 12, to: 14 });
    taken.took("t-0", { from: 31, to: 36 });
    taken.took("t-0", { from: 36, to: 38 });
    taken.took("t-0", { from: 40, to: 41 });
    taken.count("t-0", RUNS, 36);
    expect([taken.counted("a"), taken.counted("b")]).toEqual([2, 5]);
    expect(taken.of("t-0", RUNS, 1)).toBe(8);

    const restarted = new TakenOffsets();
    restarted.restore("a", taken.counted("a"));
    restarted.restore("b", taken.counted("b"));
    restarted.countFrom("t-0", 36);
    restarted.took("t-0", { from: 12, to: 14 }); // Read from the start, to find what decayed.
    restarted.took("t-0", { from: 36, to: 38 });
    restarted.took("t-0", { from: 40, to: 41 });
    expect([restarted.of("t-0", RUNS, 0), restarted.of("t-0", RUNS, 1)]).toEqual([2, 8]);
    restarted.forget("a");
    expect(restarted.counted("a")).toBe(0);
  });
});
