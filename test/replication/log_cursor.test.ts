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
});
