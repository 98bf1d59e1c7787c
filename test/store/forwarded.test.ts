import { describe, expect, it } from "vitest";
import { Forwarded } from "../../src/store/forwarded.ts";

describe("Forwarded", () => {
  it("gives back what was set, by a later run too", () => {
    const forwarded = new Forwarded();
    forwarded.set("logs", 0, { held: 10, settled: 7 });
    forwarded.setLog("logs", 0, "a".repeat(16), { held: 4, settled: 3 });
    forwarded.setLog("logs", 1, "b".repeat(16), { held: 1, settled: 1 });
    const again = new Forwarded(forwarded.checkpoint());
    expect(again.of("logs", 0)).toEqual({ held: 10, settled: 7 });
    expect(again.of("logs", 1)).toEqual({ held: 0, settled: 0 });
    expect(again.ofLog("a".repeat(16))).toEqual({ held: 4, settled: 3 });
    expect(again.ofLog("c".repeat(16))).toBeNull();
    expect(again.checkpoint()).toEqual(forwarded.checkpoint());
  });

  it("forgets the logs that are done, and no others", () => {
    const forwarded = new Forwarded();
    forwarded.set("logs", 0, { held: 10, settled: 10 });
    for (const [at, logId] of ["a", "b", "c"].entries()) {
      forwarded.setLog("logs", at % 2, logId.repeat(16), { held: 4 + at, settled: 4 });
    }
    const asked: string[] = [];
    forwarded.prune((topic, partition, { logId, held }) => {
      asked.push(`${topic}-${partition} ${logId[0]} ${held}`);
      return held < 6 && partition === 0;
    });
    expect(asked).toEqual(["logs-0 a 4", "logs-0 c 6", "logs-1 b 5"]);
    expect(forwarded.ofLog("a".repeat(16))).toBeNull();
    expect(forwarded.ofLog("c".repeat(16))).toEqual({ held: 6, settled: 4 });
    expect(Object.keys(forwarded.checkpoint().get("logs-0")!.acked)).toEqual(["c".repeat(16)]);
    expect(forwarded.of("logs", 0)).toEqual({ held: 10, settled: 10 });
  });

  it("is raised, and never lowered, by what a log start offset's record knew", () => {
    const forwarded = new Forwarded();
    forwarded.raise("logs-0", { held: 10, settled: 7 });
    forwarded.raise("logs-0", { held: 8, settled: 9 });
    expect(forwarded.of("logs", 0)).toEqual({ held: 10, settled: 9 });
  });

  it("names the logs that the root does not have as far as the upstream holds them", () => {
    const forwarded = new Forwarded();
    forwarded.setLog("logs", 0, "a".repeat(16), { held: 4, settled: 3 });
    forwarded.setLog("logs", 0, "b".repeat(16), { held: 4, settled: 4 });
    forwarded.setLog("logs", 1, "c".repeat(16), { held: 4, settled: 0 });
    expect(forwarded.unsettled("logs", 0)).toEqual(["a".repeat(16)]);
    expect(forwarded.unsettled("other", 0)).toEqual([]);
  });
});
