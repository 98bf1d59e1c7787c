/** How far a log has come, as answers raise it and announcements set it. */
import { describe, expect, it } from "vitest";
import { LogCursor } from "../../src/replication/log_cursor.ts";

const announcement = {
  logId: "00000000000000aa",
  gateway: "gateway",
  topic: "logs",
  partition: 0,
  firstOffset: 10,
  predecessor: null,
  predecessorEnd: 0,
  root: "00000000000000aa",
};
const { logId } = announcement;

describe("LogCursor", () => {
  it("begins at the log's first offset, or at what is remembered", () => {
    const fresh = new LogCursor(announcement, { own: true, acknowledged: null });
    expect(fresh).toMatchObject({ held: 10, settled: 10, sent: 10, acknowledged: 10 });
    const known = new LogCursor(announcement, { own: true, acknowledged: { held: 25 } });
    expect(known).toMatchObject({ held: 10, acknowledged: 25, regressed: true });
  });

  it("is only raised by answers to appends, which may overtake each other", () => {
    const cursor = new LogCursor(announcement, { own: true, acknowledged: null });
    cursor.raise({ logId, held: 30, settled: 20 });
    cursor.raise({ logId, held: 20, settled: 20 });
    expect(cursor).toMatchObject({ held: 30, settled: 20, acknowledged: 30, sent: 30 });
  });

  it("is set by an announcement, and remembers what was acknowledged before", () => {
    const cursor = new LogCursor(announcement, { own: true, acknowledged: null });
    cursor.raise({ logId, held: 30, settled: 30 });
    cursor.send(30, 50);
    cursor.restart({ logId, held: 15, settled: 15 });
    expect(cursor).toMatchObject({ held: 15, sent: 15, acknowledged: 30, announced: true });
    expect(cursor.regressed).toBe(true);
  });

  it("is unsettled while the root lacks what is held, or what a relay passed as elsewhere", () => {
    let passed = 0;
    const options = { own: false, acknowledged: null, passed: () => passed };
    const cursor = new LogCursor(announcement, options);
    passed = 30;
    expect(cursor.unsettled, "nobody can be asked of it yet").toBe(false);
    cursor.restart({ logId, held: 20, settled: 20 });
    expect(cursor.unsettled).toBe(true);
    cursor.raise({ logId, held: 30, settled: 30 });
    expect(cursor.unsettled).toBe(false);
    cursor.raise({ logId, held: 35, settled: 30 });
    expect(cursor.unsettled).toBe(true);
  });

  it("is unsettled while the root lacks an island, or what lies below it and came another way", () => {
    const cursor = new LogCursor(announcement, { own: false, acknowledged: null });
    const islands = [{ from: 40, to: 50 }];
    cursor.restart({ logId, held: 20, settled: 20, islands });
    expect(cursor.unsettled).toBe(true);
    cursor.raise({ logId, held: 60, settled: 60 });
    expect(cursor.unsettled).toBe(false);
  });

  it("knows islands, and what of a range was sent", () => {
    const cursor = new LogCursor(announcement, { own: true, acknowledged: null });
    const islands = [{ from: 40, to: 50 }];
    cursor.restart({ logId, held: 20, settled: 20, islands });
    expect([cursor.held, cursor.islands, cursor.inStep]).toEqual([20, islands, true]);
    cursor.send(50, 60);
    expect([cursor.inStep, cursor.holds(40, 50), cursor.holds(50, 60)]).toEqual([
      false,
      true,
      false,
    ]);
    expect([cursor.sentOf(40, 60), cursor.sentOf(20, 40), cursor.sentOf(30, 45)])
      .toEqual(["all", "none", "some"]);
    expect(cursor.unsent(15, 70)).toEqual([{ from: 20, to: 40 }, { from: 60, to: 70 }]);
    expect([cursor.sentFrom(12), cursor.sentFrom(30), cursor.sentFrom(45)]).toEqual([20, 30, 60]);
    expect([cursor.openingOf(60), cursor.openingOf(70)]).toEqual([40, 70]);
    expect(cursor.acknowledgedIslands).toEqual(islands);
    cursor.restart({ logId, held: 20, settled: 20 });
    expect(cursor.regressed).toBe(true);
  });

  it("still wants what another node holds, as it said itself", () => {
    const cursor = new LogCursor(announcement, { own: true, acknowledged: null });
    const elsewhere = [{ from: 12, to: 16 }];
    cursor.restart({ logId, held: 30, settled: 12, elsewhere });
    expect([cursor.held, cursor.sentOf(12, 16), cursor.sentOf(16, 30)]).toEqual([
      30,
      "none",
      "all",
    ]);
    expect([cursor.sentFrom(10), cursor.sentFrom(12), cursor.sentFrom(16)]).toEqual([12, 12, 30]);
    expect([cursor.wantedFrom(10), cursor.wantedFrom(14), cursor.wantedFrom(16)])
      .toEqual([12, 14, null]);
    cursor.send(12, 16);
    expect([cursor.sentOf(10, 30), cursor.wantedFrom(10)]).toEqual(["all", null]);
    expect([cursor.inStep, cursor.holds(10, 30)]).toEqual([false, false]);
    cursor.raise({ logId, held: 30, settled: 12, elsewhere: [{ from: 14, to: 16 }] });
    expect([cursor.holds(10, 14), cursor.holds(14, 16), cursor.inStep]).toEqual([
      true,
      false,
      false,
    ]);
    cursor.raise({ logId, held: 30, settled: 30 });
    expect([cursor.holds(10, 30), cursor.inStep]).toEqual([true, true]);
    cursor.pass(30, 40);
    expect([cursor.sent, cursor.sentOf(30, 40)]).toEqual([40, "none"]);
  });

  it("knows what will never be taken", () => {
    const rejected = [{ from: 12, to: 14 }];
    const cursor = new LogCursor(announcement, { own: true, acknowledged: null, rejected });
    cursor.reject({ from: 20, to: 25 });
    expect([cursor.isRejected(12, 14), cursor.isRejected(12, 15), cursor.isRejected(20, 25)])
      .toEqual([true, false, true]);
  });
});
