import { describe, expect, it } from "vitest";
import { UPSTREAMS_REMEMBERED_MAX } from "../../src/base/link_limits.ts";
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

  it("names the logs of which the upstream in use ever acknowledged something", () => {
    const forwarded = new Forwarded();
    forwarded.setLog("logs", 0, "a".repeat(16), { held: 4, settled: 3 });
    forwarded.setLog("logs", 0, "b".repeat(16), { held: 4, settled: 4 });
    forwarded.setLog("logs", 1, "c".repeat(16), { held: 4, settled: 0 });
    expect(forwarded.logsHere("logs", 0)).toEqual(["a".repeat(16), "b".repeat(16)]);
    expect(forwarded.logsHere("other", 0)).toEqual([]);
    forwarded.use("2".repeat(16));
    forwarded.use("3".repeat(16));
    expect(forwarded.logsHere("logs", 0)).toEqual([]);
  });

  it("keeps what each upstream acknowledged apart, through checkpoints too", () => {
    const [first, second, logId] = ["1".repeat(16), "2".repeat(16), "a".repeat(16)];
    const forwarded = new Forwarded();
    forwarded.use(first);
    forwarded.set("logs", 0, { held: 10, settled: 7 });
    const islands = [{ from: 20, to: 30 }];
    forwarded.setLog("logs", 0, logId, { held: 10, settled: 7, islands });
    forwarded.use(second);
    expect(forwarded.here("logs", 0)).toEqual({ held: 0, settled: 0 });
    expect(forwarded.logHere(logId)).toBeNull();
    forwarded.set("logs", 0, { held: 4, settled: 4 });
    forwarded.setLog("logs", 0, logId, { held: 4, settled: 4 });

    for (const one of [forwarded, new Forwarded(forwarded.checkpoint())]) {
      expect(one.upstream).toBe(second);
      expect(one.here("logs", 0)).toEqual({ held: 4, settled: 4 });
      // What any of them took may go without loss.
      expect(one.of("logs", 0)).toEqual({ held: 10, settled: 7 });
      expect(one.ofLog(logId)).toMatchObject({ held: 10, settled: 7 });
      const holders = [first];
      expect(one.elsewhere(logId)).toEqual([
        { from: 0, to: 10, holders },
        { from: 20, to: 30, holders },
      ]);
      one.use(first);
      expect(one.here("logs", 0)).toEqual({ held: 10, settled: 7 });
      expect(one.logHere(logId)).toMatchObject({ held: 10, islands });
      expect(one.elsewhere(logId)).toEqual([{ from: 0, to: 4, holders: [second] }]);
      one.use(second);
    }
  });

  it("takes a checkpoint that names no upstream for the one that is there now", () => {
    const acked = { ["a".repeat(16)]: { held: 5, settled: 5 } };
    const forwarded = new Forwarded(new Map([["logs-0", { held: 5, settled: 5, acked }]]));
    expect(forwarded.upstream).toBe("");
    forwarded.use("1".repeat(16));
    expect(forwarded.here("logs", 0)).toEqual({ held: 5, settled: 5 });
    expect(forwarded.elsewhere("a".repeat(16))).toEqual([]);
  });

  it("forgets which of the oldest upstreams took something, not that it was taken", () => {
    const forwarded = new Forwarded();
    for (let at = 1; at <= 20; at++) {
      forwarded.use(at.toString(16).padStart(16, "0"));
      forwarded.set("logs", 0, { held: 100 - at, settled: 0 });
      forwarded.setLog("logs", 0, "a".repeat(16), { held: 100 - at, settled: 0 });
    }
    expect(forwarded.of("logs", 0).held).toBe(99);
    const { earlier } = forwarded.checkpoint().get("logs-0")!;
    expect(Object.keys(earlier!)).toHaveLength(UPSTREAMS_REMEMBERED_MAX - 1);
    expect(forwarded.elsewhere("a".repeat(16))[0]).toMatchObject({ from: 0, to: 99 });
  });
});
