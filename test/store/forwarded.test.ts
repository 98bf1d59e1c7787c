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

  it("is raised, and never lowered, by what a log start offset's record knew", () => {
    const forwarded = new Forwarded();
    forwarded.raise("logs-0", { held: 10, settled: 7 });
    forwarded.raise("logs-0", { held: 8, settled: 9 });
    expect(forwarded.of("logs", 0)).toEqual({ held: 10, settled: 9 });
  });
});
