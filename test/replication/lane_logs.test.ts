/** The logs of a lane: their order, their ends, and what is owed for offsets that do not come. */
import { describe, expect, it } from "vitest";
import type { LaneBooks, LogIdentity } from "../../src/replication/lane_books.ts";
import { LaneLogs } from "../../src/replication/lane_logs.ts";
import type { LedgeredRange } from "../../src/replication/lane_gaps.ts";
import { Load } from "../../src/replication/load.ts";

const [FIRST, SECOND, FOREIGN] = ["0000000000000001", "0000000000000002", "00000000000000f0"];

const identity = (logId: string, changes: Partial<LogIdentity> = {}): LogIdentity => ({
  logId,
  gateway: "gateway",
  topic: "logs",
  partition: 0,
  firstOffset: 0,
  predecessor: null,
  predecessorEnd: 0,
  root: FIRST!,
  ...changes,
});

const chain = [
  identity(FIRST!),
  identity(SECOND!, { firstOffset: 10, predecessor: FIRST!, predecessorEnd: 10 }),
];

function logsOf(changes: Partial<LaneBooks> = {}): LaneLogs {
  const logs = new LaneLogs({
    nodeName: "gateway",
    topic: "logs",
    partition: 0,
    ownLogs: () => chain,
    foreignLog: () => null,
    hasForeign: () => false,
    acknowledged: () => null,
    elsewhere: () => [],
    cameEarly: () => false,
    ledgered: () => [],
    provisional: () => [],
    ...changes,
  });
  logs.refresh();
  return logs;
}

const evicted = (from: number, to: number): LedgeredRange => ({
  from,
  to,
  reason: "evicted",
  bytes: 10,
  minTimestamp: 1,
  maxTimestamp: 2,
});

const cursors = (logs: LaneLogs) => [...logs.all()];
const skipsOf = (load: Load) =>
  load.questions.map(({ logId, from, to, reason }) => `${logId.at(-1)} ${from}-${to} ${reason}`);

describe("LaneLogs", () => {
  it("takes in runs drawn later, once", () => {
    const rows = [chain[0]!];
    const logs = logsOf({ ownLogs: () => rows });
    rows.push(chain[1]!);
    logs.refresh();
    logs.refresh();
    expect(cursors(logs).map(({ logId }) => logId)).toEqual([FIRST, SECOND]);
  });

  it("knows where each log ends by now, of its own and of other nodes", () => {
    const known = new Map<string, number | null>([[FOREIGN!, 7]]);
    const logs = logsOf({
      foreignLog: (logId) => logId === FOREIGN ? identity(FOREIGN!, { firstOffset: 2 }) : null,
      endHere: (logId) => known.get(logId) ?? null,
    });
    const foreign = logs.find({ logId: FOREIGN!, sourceOffset: 2 });
    const [first, second] = cursors(logs);
    const ends = (highWatermark: number) =>
      [first, second, foreign].map((cursor) => logs.endHere(cursor!, highWatermark));
    expect(ends(8)).toEqual([8, 10, 7]);
    expect(ends(14)).toEqual([10, 14, 7]);
    known.clear();
    expect(ends(14)).toEqual([10, 14, 2]);
    foreign.send(2, 4);
    expect(ends(14)).toEqual([10, 14, 4]);

    const load = new Load(0);
    load.batch(first!, new Uint8Array(1), { from: 0, to: 3 });
    expect(logs.endsFor(load, 14)).toEqual([{ logId: FIRST, offset: 10 }]);
    second!.restart({ logId: SECOND!, held: 10, settled: 10 });
    expect(logs.endsFor(load, 14)).toEqual([
      { logId: FIRST, offset: 10 },
      { logId: SECOND, offset: 14 },
    ]);
  });

  it("resumes at the first offset the receiver lacks, wherever it had got to", () => {
    const logs = logsOf();
    const [first, second] = cursors(logs);
    first!.restart({ logId: FIRST!, held: 10, settled: 10 });
    second!.restart({ logId: SECOND!, held: 14, settled: 14 });
    expect(logs.resumeAt(3, 0)).toBe(14);
    first!.restart({ logId: FIRST!, held: 4, settled: 4 });
    expect(logs.resumeAt(14, 0)).toBe(4);
  });

  it("resumes from what was forwarded where records of other nodes stand between", () => {
    const logs = logsOf({ hasForeign: () => true });
    const [first, second] = cursors(logs);
    first!.restart({ logId: FIRST!, held: 10, settled: 10 });
    second!.restart({ logId: SECOND!, held: 20, settled: 20 });
    expect(logs.resumeAt(12, 0)).toBe(12);
  });

  it("skips the rest of a run before its successor's first batch", () => {
    const logs = logsOf({ ledgered: (logId) => logId === FIRST ? [evicted(6, 10)] : [] });
    const [first] = cursors(logs);
    first!.restart({ logId: FIRST!, held: 6, settled: 6 });
    logs.resumeAt(6, 10);
    expect(logs.owes(10)).toBe(true);
    const load = new Load(10);
    expect(logs.coverOwn(load, 10, 10)).toBe(true);
    expect(skipsOf(load)).toEqual(["1 6-10 evicted"]);
    expect(load.unledgered).toEqual([]);
    expect(logs.owes(10)).toBe(false);
  });

  it("owes the end of a later run, too, where nothing is left to read", () => {
    const logs = logsOf({ ledgered: (logId) => logId === SECOND ? [evicted(10, 14)] : [] });
    const [first, second] = cursors(logs);
    first!.restart({ logId: FIRST!, held: 10, settled: 10 });
    second!.restart({ logId: SECOND!, held: 10, settled: 10 });
    logs.resumeAt(10, 14);
    expect(logs.owes(14)).toBe(true);
    const load = new Load(14);
    expect(logs.coverOwn(load, 14, 14)).toBe(true);
    expect(skipsOf(load)).toEqual(["2 10-14 evicted"]);
    expect(logs.owes(14)).toBe(false);
  });

  it("calls offsets void that records of other nodes took", () => {
    const logs = logsOf({ ownLogs: () => [chain[0]!], hasForeign: () => true });
    logs.took(0, 3);
    logs.took(3, 5);
    const load = new Load(0);
    logs.coverOwn(load, 5, 0);
    expect(load.skips).toBe(1);
    expect(load.questions).toEqual([]);
  });

  it("finds the logs of other nodes, with their predecessors, and adopts orphans", () => {
    const before = identity("00000000000000ef", { root: FOREIGN! });
    const logs = logsOf({
      foreignLog: (logId) =>
        logId === FOREIGN
          ? identity(FOREIGN!, { predecessor: before.logId, predecessorEnd: 7, firstOffset: 7 })
          : logId === before.logId
          ? before
          : null,
    });
    logs.find({ logId: FOREIGN!, sourceOffset: 7 });
    const orphan = logs.find({ logId: "00000000000000dd", sourceOffset: 40 });
    expect(cursors(logs).map(({ logId }) => logId)).toEqual([
      FIRST,
      SECOND,
      FOREIGN,
      before.logId,
      "00000000000000dd",
    ]);
    expect(orphan.announcement).toMatchObject({ firstOffset: 40, root: "00000000000000dd" });

    const load = new Load(0);
    expect(logs.coverForeign(load, logs.find({ logId: FOREIGN!, sourceOffset: 9 }), 9)).toBe(true);
    expect(skipsOf(load)).toEqual(["f 0-7 corrupt", "0 7-9 corrupt"]);
  });

  it("finds as many runs of another node as it ever had starts", () => {
    const idOf = (at: number) => at.toString(16).padStart(16, "0");
    const logs = logsOf({
      ownLogs: () => [],
      foreignLog: (logId) => {
        const at = parseInt(logId, 16);
        return identity(logId, { predecessor: at === 0 ? null : idOf(at - 1) });
      },
    });
    logs.find({ logId: idOf(30_000), sourceOffset: 0 });
    expect([...logs.all()].length).toBe(30_001);
  });

  it("asks about provisional ranges the receiver has passed, and no others", () => {
    const logs = logsOf({
      provisional: (logId) => logId === FIRST ? [evicted(2, 4), evicted(6, 9)] : [],
    });
    const [first] = cursors(logs);
    first!.restart({ logId: FIRST!, held: 5, settled: 5 });
    expect([...logs.questions()].map(({ range }) => range)).toMatchObject([{ from: 2, to: 4 }]);
  });

  it("counts as settled what the root has, below what is forwarded", () => {
    const logs = logsOf();
    const [first, second] = cursors(logs);
    first!.restart({ logId: FIRST!, held: 10, settled: 10 });
    second!.restart({ logId: SECOND!, held: 20, settled: 13 });
    expect(logs.settledBelow(20)).toBe(13);
    expect(logs.settledBelow(12)).toBe(12);
  });
});

describe("LaneLogs.settledBelow()", () => {
  it("counts logs of other nodes that were not settled when the node stopped", () => {
    const foreign = identity(FOREIGN!, { root: FOREIGN! });
    const logs = logsOf({
      ownLogs: () => [],
      hasForeign: () => true,
      everAcknowledged: () => [FOREIGN!],
      foreignLog: (logId) => logId === FOREIGN ? foreign : null,
      acknowledged: () => ({ held: 7 }),
    });
    const [cursor] = logs.all();
    expect(cursor!.logId).toBe(FOREIGN);
    cursor!.restart({ logId: FOREIGN!, held: 7, settled: 2 });
    expect(logs.settledBelow(9)).toBe(0);
    cursor!.restart({ logId: FOREIGN!, held: 7, settled: 7 });
    expect(logs.settledBelow(9)).toBe(9);
  });
});

describe("LaneLogs.skipLost()", () => {
  it("skips what the receiver lost, as far as it came here, the run before first", () => {
    const NEXT = "00000000000000f1";
    const first = identity(FOREIGN!, { root: FOREIGN! });
    const next = identity(NEXT, { predecessor: FOREIGN!, predecessorEnd: 8, firstOffset: 8 });
    const logs = logsOf({
      ownLogs: () => [],
      hasForeign: () => true,
      everAcknowledged: () => [NEXT],
      passedHere: (logId) => logId === NEXT ? 18 : 8,
      foreignLog: (logId) => logId === FOREIGN ? first : logId === NEXT ? next : null,
      acknowledged: (logId) => ({ held: logId === NEXT ? 20 : 8 }),
      elsewhere: (logId) => logId === NEXT ? [{ from: 8, to: 10 }] : [],
      ledgered: (logId) => logId === NEXT ? [evicted(12, 14)] : [],
    });
    for (const { logId } of cursors(logs)) {
      const held = logId === NEXT ? 8 : 3;
      cursors(logs).find((one) => one.logId === logId)!.restart({ logId, held, settled: held });
    }
    const load = new Load(0);
    expect(logs.skipLost(load)).toBe(true);
    expect(skipsOf(load)).toEqual([
      "0 3-8 lost_at_receiver",
      "1 10-12 lost_at_receiver",
      "1 12-14 evicted",
      "1 14-18 lost_at_receiver",
    ]);
  });
});

describe("LaneLogs.debts()", () => {
  it("owes what the upstream alone was said to hold, behind what others are to bring", () => {
    const [here, other] = ["a".repeat(16), "b".repeat(16)];
    const open = [
      { from: 3, to: 8, holders: [other] },
      { from: 8, to: 12, holders: [here] },
      { from: 12, to: 15, holders: [other] },
      { from: 20, to: 22, holders: [here] },
    ];
    const logs = logsOf({
      ownLogs: () => [],
      foreignLog: (logId) => logId === FOREIGN ? identity(FOREIGN!, { root: FOREIGN! }) : null,
      elsewhere: () => open,
      open: () => open,
      upstream: () => here,
    });
    const cursor = logs.find({ logId: FOREIGN!, sourceOffset: 0 });
    cursor.restart({ logId: FOREIGN!, held: 2, settled: 0 });
    // What comes first is here.
    expect([...logs.debts()]).toEqual([]);
    cursor.restart({ logId: FOREIGN!, held: 3, settled: 0 });
    expect([...logs.debts()]).toEqual([{ cursor, to: 12 }]);
    const load = new Load(0);
    for (const debt of logs.debts()) logs.pay(load, debt);
    expect(skipsOf(load)).toEqual(["0 8-12 lost_at_receiver"]);
    expect([...logs.debts()]).toEqual([]);
  });
});

describe("LaneLogs.coverForeign()", () => {
  const NEXT = "00000000000000f1";
  const first = identity(FOREIGN!, { root: FOREIGN! });
  const next = identity(NEXT, { predecessor: FOREIGN!, predecessorEnd: 8, firstOffset: 8 });
  const early = (ledgered: Readonly<Record<string, LedgeredRange[]>>) => {
    const logs = logsOf({
      ownLogs: () => [],
      foreignLog: (logId) => logId === FOREIGN ? first : logId === NEXT ? next : null,
      cameEarly: (logId) => logId === NEXT,
      ledgered: (logId) => ledgered[logId] ?? [],
    });
    const cursor = logs.find({ logId: NEXT, sourceOffset: 8 });
    const before = logs.find({ logId: FOREIGN!, sourceOffset: 0 });
    cursor.restart({ logId: NEXT, held: 8, settled: 8 });
    before.restart({ logId: FOREIGN!, held: 3, settled: 3 });
    const load = new Load(0);
    expect(logs.coverForeign(load, cursor, 12)).toBe(true);
    return { logs, cursor, skips: skipsOf(load) };
  };

  it("lets nothing go ahead of what was only given up: it goes in its turn", () => {
    const { logs, cursor, skips } = early({
      [FOREIGN!]: [evicted(3, 5), evicted(5, 8)],
      [NEXT]: [evicted(8, 12)],
    });
    expect(skips).toEqual(["0 3-5 evicted", "0 5-8 evicted", "1 8-12 evicted"]);
    expect(logs.aheadOfPredecessor(cursor, 12)).toBe(false);
    expect(cursor.sent).toBe(12);
  });

  it("lets it go ahead of what may still come, here or behind it", () => {
    const { logs, cursor, skips } = early({
      [FOREIGN!]: [evicted(3, 5)],
      [NEXT]: [evicted(8, 12)],
    });
    expect(skips).toEqual(["0 3-5 evicted"]);
    expect(logs.aheadOfPredecessor(cursor, 12)).toBe(true);
    expect(cursor.sent).toBe(8);
  });
});

describe("LaneLogs.aheadOfPredecessor()", () => {
  it("is so for what came early, until the upstream has the run before it whole", () => {
    const NEXT = "00000000000000f1";
    const first = identity(FOREIGN!, { root: FOREIGN! });
    const next = identity(NEXT, { predecessor: FOREIGN!, predecessorEnd: 8, firstOffset: 8 });
    const logs = logsOf({
      ownLogs: () => [],
      foreignLog: (logId) => logId === FOREIGN ? first : logId === NEXT ? next : null,
      cameEarly: (logId, offset) => logId === NEXT && offset < 20,
    });
    const cursor = logs.find({ logId: NEXT, sourceOffset: 8 });
    const before = logs.find({ logId: FOREIGN!, sourceOffset: 0 });
    before.restart({ logId: FOREIGN!, held: 3, settled: 0 });
    expect(logs.aheadOfPredecessor(cursor, 8)).toBe(true);
    expect(logs.aheadOfPredecessor(cursor, 14)).toBe(true);
    expect(logs.aheadOfPredecessor(cursor, 20)).toBe(false);
    expect(logs.aheadOfPredecessor(before, 3)).toBe(false);
    before.restart({ logId: FOREIGN!, held: 8, settled: 0 });
    expect(logs.aheadOfPredecessor(cursor, 8)).toBe(false);
  });
});
