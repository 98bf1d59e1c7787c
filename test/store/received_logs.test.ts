/** Logs of other nodes by their ids, and which comes before which. */
import { describe, expect, it } from "vitest";
import type { AnnouncedLogRow } from "../../src/store/catalogue.ts";
import { ReceivedLogs } from "../../src/store/received_logs.ts";

const ids = ["a", "b", "c"].map((digit) => digit.repeat(16));
const [A, B, C] = ids as [string, string, string];

function rowOf(logId: string, more: Partial<AnnouncedLogRow> = {}): AnnouncedLogRow {
  return {
    ...{ logId, peer: "p", gateway: "site", topic: "logs", partition: 0, firstOffset: 0, root: A },
    ...{ predecessor: null, predecessorEnd: 0, closed: null },
    ...{ targetTopic: "logs", targetPartition: 1 },
    ...more,
  };
}

const SUCCESSOR = { predecessor: A, predecessorEnd: 5, firstOffset: 5 };

describe("ReceivedLogs", () => {
  it("knows a chain within a partition, whichever of its logs came first", () => {
    const logs = new ReceivedLogs();
    logs.load([rowOf(B, SUCCESSOR), rowOf(C, { ...SUCCESSOR, targetPartition: 2 })], []);
    expect(logs.before(B)).toBeNull();
    expect(logs.successorsOf(A).map(({ logId }) => logId)).toEqual([B, C]);
    logs.load([rowOf(A)], []);
    expect(logs.before(B)).toMatchObject({ log: { logId: A }, end: 5 });
    expect(logs.after(A).map(({ logId }) => logId)).toEqual([B]);
    expect(logs.before(C)).toBeNull();
  });

  it("lets a successor wait for its predecessor until it has begun", () => {
    const logs = new ReceivedLogs();
    logs.load([rowOf(A), rowOf(B, SUCCESSOR)], []);
    const [a, b] = [logs.get(A)!, logs.get(B)!];
    expect(() => logs.checkPredecessor(b)).toThrow(
      expect.objectContaining({ code: "lane_out_of_order", detail: { log_id: A, expected: 0 } }),
    );
    a.committed.add(0, 5);
    expect(() => logs.checkPredecessor(b)).not.toThrow();

    const late = new ReceivedLogs();
    late.load([rowOf(B, SUCCESSOR)], []);
    late.get(B)!.committed.add(5, 6);
    late.load([rowOf(A)], []);
    expect(() => late.checkPredecessor(late.get(B)!)).not.toThrow();
  });

  it("finds a log that lies here and that the catalogue does not know", () => {
    const logs = new ReceivedLogs();
    const found = { logId: A, firstOffset: 3, target: { topic: "logs", partition: 1 } };
    expect(logs.found(found)).toMatchObject({ isNew: true, entry: { row: null } });
    expect(logs.found({ ...found, firstOffset: 5 })).toMatchObject({
      ...{ isNew: false, entry: { firstOffset: 3 } },
    });
    logs.load([rowOf(A)], []);
    expect(logs.get(A)).toMatchObject({ row: { logId: A }, committed: { watermark: 3 } });
  });

  it("writes down what it reads again, and leaves out what the catalogue knows all of", () => {
    const logs = new ReceivedLogs();
    logs.load([rowOf(A, { closed: '{"to":5}' }), rowOf(B, SUCCESSOR)], []);
    const b = logs.get(B)!;
    b.committed.add(5, 8);
    b.committed.add(10, 12);
    b.committed.addOpen(8, 9, { by: "p" });
    b.order = { done: 8, runs: [{ from: 10, to: 12, localStart: 3 }], late: [], splices: [] };
    const rows = logs.checkpoint();
    expect(rows.map(({ logId }) => logId)).toEqual([B]);
    const again = new ReceivedLogs();
    const orders = again.load([rowOf(A, { closed: '{"to":5}' }), rowOf(B, SUCCESSOR)], rows);
    expect([...orders.values()]).toMatchObject([
      { done: 8, runs: [{ from: 10, to: 12, localStart: 3 }], splices: [] },
    ]);
    expect(again.get(A)!.committed.watermark).toBe(5);
    expect(again.checkpoint()[0]).toMatchObject({ watermark: 9, open: [{ from: 8, to: 9 }] });
  });

  it("looks for islands of old checkpoints in the whole log", () => {
    const row = {
      ...{ logId: A, firstOffset: 0, watermark: 3, islands: [{ from: 5, to: 7 }], open: [] },
      ...{ order: null, targetTopic: "logs", targetPartition: 1, localEnd: 9 },
    };
    const [order] = [...new ReceivedLogs().load([rowOf(A)], [row]).values()];
    expect(order).toEqual({ done: 3, runs: [{ from: 5, to: 7, localStart: 0 }], splices: [] });
  });
});
