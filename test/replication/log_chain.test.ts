/** Which run must be whole before another one may begin, and what a lane does about it. */
import { describe, expect, it } from "vitest";
import type { LaneBooks } from "../../src/replication/lane_books.ts";
import type { LedgeredRange } from "../../src/replication/lane_gaps.ts";
import { LaneLogs } from "../../src/replication/lane_logs.ts";
import { Load } from "../../src/replication/load.ts";
import { isWhole, runBefore } from "../../src/replication/log_chain.ts";
import { LogCursor } from "../../src/replication/log_cursor.ts";
import { EMPTY_RUNS_MAX } from "../../src/store/source_order.ts";

const idOf = (at: number) => at.toString(16).padStart(16, "0");

/** One run after another, each from where the one before it ends. */
function chainOf(firstOffsets: readonly number[], first: string | null = null): LogCursor[] {
  return firstOffsets.map((firstOffset, at) => {
    const announcement = {
      ...{ gateway: "gateway", topic: "logs", partition: 0, root: idOf(0) },
      ...{ logId: idOf(at), firstOffset, predecessorEnd: firstOffset },
      predecessor: at === 0 ? first : idOf(at - 1),
    };
    return new LogCursor(announcement, { own: false, acknowledged: null });
  });
}

const finderIn = (chain: readonly LogCursor[]) => (logId: string) =>
  chain.find((each) => each.logId === logId);

const evicted = (from: number, to: number): LedgeredRange => ({
  ...{ from, to, reason: "evicted", bytes: 10, minTimestamp: 1, maxTimestamp: 2 },
});

const skipsOf = (load: Load) =>
  load.questions.map(({ logId, from, to, reason }) => `${logId.at(-1)} ${from}-${to} ${reason}`);

describe("runBefore()", () => {
  it("is the predecessor, or what lies before it where nothing ever was in it", () => {
    const chain = chainOf([0, 8, 8, 8]);
    const find = finderIn(chain);
    expect(runBefore(chain[0]!, find)).toBe(null);
    for (const later of chain.slice(1)) {
      expect(runBefore(later, find)).toEqual({ cursor: chain[0], end: 8 });
    }
  });

  it("is none where the predecessor is not known, or an empty one's", () => {
    const chain = chainOf([0, 8, 8]);
    expect(runBefore(chain[2]!, () => undefined)).toBe(null);
    expect(runBefore(chain[2]!, finderIn(chain.slice(1)))).toBe(null);
  });

  it("comes to an end in a circle of empty runs, and behind more than anybody has", () => {
    const circle = chainOf([5, 5, 5], idOf(2));
    expect(runBefore(circle[1]!, finderIn(circle))).toBe(null);
    const long = chainOf([0, ...Array.from({ length: EMPTY_RUNS_MAX + 1 }, () => 8)]);
    expect(runBefore(long[EMPTY_RUNS_MAX]!, finderIn(long))).not.toBe(null);
    expect(runBefore(long[EMPTY_RUNS_MAX + 1]!, finderIn(long))).toBe(null);
  });
});

describe("isWhole()", () => {
  it("is so from the end on, whether it came or was skipped", () => {
    const [cursor] = chainOf([0]);
    cursor!.send(0, 7);
    expect(isWhole({ cursor: cursor!, end: 8 })).toBe(false);
    cursor!.send(7, 8);
    expect(isWhole({ cursor: cursor!, end: 8 })).toBe(true);
  });
});

describe("LaneLogs with runs before the one at hand", () => {
  const ids = [0, 1, 2].map(idOf);
  /** Three runs of another node that begin there, of which the upstream has nothing. */
  const runsOf = (starts: readonly number[], changes: Partial<LaneBooks>) => {
    const runs = chainOf(starts);
    const logs = new LaneLogs({
      ...{ nodeName: "relay", topic: "logs", partition: 0 },
      ownLogs: () => [],
      foreignLog: (logId) => finderIn(runs)(logId)?.announcement ?? null,
      hasForeign: () => true,
      acknowledged: () => null,
      elsewhere: () => [],
      cameEarly: () => false,
      ledgered: () => [],
      provisional: () => [],
      ...changes,
    });
    const cursor = logs.find({ logId: ids[2]!, sourceOffset: starts[2]! });
    for (const one of logs.all()) {
      const { logId, announcement: { firstOffset: held } } = one;
      one.restart({ logId, held, settled: 0 });
    }
    return { logs, cursor };
  };
  const given: Readonly<Record<string, LedgeredRange[]>> = {
    [ids[0]!]: [evicted(0, 8)],
    [ids[2]!]: [evicted(8, 12)],
  };

  it("pays for a run evicted whole before what follows it, empty runs between them", () => {
    const { logs } = runsOf([0, 8, 8], { ledgered: (logId) => given[logId] ?? [] });
    const paid = () => {
      const load = new Load(0);
      for (const debt of logs.debts()) logs.pay(load, debt);
      return skipsOf(load);
    };
    expect(paid()).toEqual(["0 0-8 evicted"]);
    expect(paid()).toEqual(["2 8-12 evicted"]);
  });

  it("skips it before a batch that follows, and lets an early one go ahead of it", () => {
    const { logs, cursor } = runsOf([0, 8, 8], { ledgered: (logId) => given[logId] ?? [] });
    const load = new Load(0);
    expect(logs.coverForeign(load, cursor, 12)).toBe(true);
    expect(skipsOf(load)).toEqual(["0 0-8 evicted", "2 8-12 evicted"]);
    const early = runsOf([0, 8, 8], { cameEarly: () => true });
    expect(early.logs.aheadOfPredecessor(early.cursor, 12)).toBe(true);
  });

  it("skips several runs, the first one first, but not what of one may still come", () => {
    const acknowledged = () => ({ held: 20 });
    const skipped = (passed: number) => {
      const passedHere = (logId: string) => logId === ids[0] ? passed : 20;
      const { logs, cursor } = runsOf([0, 8, 12], { acknowledged, passedHere });
      const load = new Load(0);
      expect(logs.coverForeign(load, cursor, 12)).toBe(true);
      return skipsOf(load);
    };
    expect(skipped(8)).toEqual(["0 0-8 lost_at_receiver", "1 8-12 lost_at_receiver"]);
    expect(skipped(7)).toEqual(["1 8-12 lost_at_receiver"]);
  });
});
