import { expect, it } from "vitest";
import { Segment } from "../../src/store/segment.ts";

it("count() keeps size, end and the span of timestamps", () => {
  const segment = new Segment("t-0", 100);
  expect(segment.path).toBe("t-0/00000000000000000100.log");
  segment.count({ baseOffset: 100, nextOffset: 103, minTimestamp: 50, maxTimestamp: 70 }, 200);
  segment.count({ baseOffset: 103, nextOffset: 104, minTimestamp: 10, maxTimestamp: 20 }, 80);
  expect(segment.info()).toEqual({
    baseOffset: 100,
    endOffset: 104,
    bytes: 280,
    minTimestamp: 10,
    maxTimestamp: 70,
    receivedMs: 0,
    thinned: false,
  });
});

it("noteSynced() follows what counts, or what counted when the sync began", () => {
  const segment = new Segment("t-0", 0);
  segment.count({ baseOffset: 0, nextOffset: 3, minTimestamp: 0, maxTimestamp: 0 }, 200);
  segment.noteSynced(100, 2);
  expect([segment.syncedBytes, segment.syncedOffset]).toEqual([100, 2]);
  segment.noteSynced();
  expect([segment.syncedBytes, segment.syncedOffset]).toEqual([200, 3]);
});

it("ofSummary() gives back what summary() took", () => {
  const segment = new Segment("t-0", 7);
  segment.count({ baseOffset: 7, nextOffset: 9, minTimestamp: 1, maxTimestamp: 2 }, 99);
  const again = Segment.ofSummary("t-0", segment.summary(), 9);
  expect(again.info()).toEqual(segment.info());
  expect(again.syncedOffset).toBe(9);
});
