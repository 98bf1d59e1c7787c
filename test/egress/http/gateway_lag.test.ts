import { describe, expect, it } from "vitest";
import { type LagOptions, lagsOf, receivedOf } from "../../../src/egress/http/gateway_lag.ts";
import type { ReceivedLog } from "../../../src/store/received_ranges.ts";

function logOf(logId: string, more: Partial<ReceivedLog>): ReceivedLog {
  return {
    ...{
      logId,
      peer: "p",
      paths: ["p"],
      gateway: "g",
      firstOffset: 0,
      watermark: 0,
      expected: 0,
      islands: [],
      elsewhere: [],
    },
    ...{ source: { topic: "t", partition: 0 }, target: { topic: "t", partition: 0 }, lost: [] },
    ...{ predecessor: null, predecessorEnd: 0, root: logId, closed: false },
    ...more,
  } as ReceivedLog;
}

/** 200 bytes a record, the newest at 5 s. */
const target = {
  ...{ highWatermark: 10, logStartOffset: 0, bytes: 2_000 },
  segments: () => [{ maxTimestamp: 3_000 }, { maxTimestamp: 5_000 }],
};

function lagOf(logs: readonly ReceivedLog[], pendingRecords: number | null) {
  const lags = lagsOf({
    clock: { wallMs: () => 8_500, monotonicMs: () => 0 },
    store: { ranges: { all: () => logs }, topic: () => ({ partitions: [target] }) },
    reportedOf: () => pendingRecords === null ? null : { pendingRecords, lastSeenMs: 7_000 },
  } as unknown as LagOptions);
  return (logId: string) => lags.get(logId);
}

describe("lagsOf()", () => {
  it("takes what the gateway said, and estimates bytes and seconds", () => {
    const lag = lagOf([logOf("a", { watermark: 40 })], 6);
    expect(lag("a")).toEqual({
      ...{ logEndOffset: 46, records: 6, bytes: 1_200, seconds: 3.5, lastSeenMs: 7_000 },
    });
  });

  it("is nothing at all once all is here, and unknown where nobody said", () => {
    const logs = [logOf("a", { watermark: 40 })];
    expect(lagOf(logs, 0)("a")).toMatchObject({ records: 0, bytes: 0, seconds: 0 });
    expect(lagOf(logs, null)("a")).toEqual({
      ...{ logEndOffset: null, records: null, bytes: null, seconds: null, lastSeenMs: null },
    });
  });

  it("counts what is missing below an island only once", () => {
    const islands = [{ from: 40, to: 45 }];
    const lag = lagOf([logOf("a", { firstOffset: 10, watermark: 20, islands })], 21);
    expect(lag("a")).toMatchObject({ logEndOffset: 46, records: 21 });
    const elsewhere = [{ from: 12, to: 15, by: "peer" }];
    const other = lagOf([logOf("a", { firstOffset: 10, watermark: 20, elsewhere })], 6);
    expect(other("a")).toMatchObject({ logEndOffset: 26, records: 9 });
  });

  it("knows the end of a log from its successor, and leaves the rest of the lane to that", () => {
    const logs = [
      logOf("a", { watermark: 30, islands: [{ from: 35, to: 37 }] }),
      logOf("b", { firstOffset: 50, watermark: 50, predecessor: "a", predecessorEnd: 50 }),
    ];
    const lag = lagOf(logs, 25);
    expect(lag("a")).toMatchObject({ logEndOffset: 50, records: 18 });
    expect(lag("b")).toMatchObject({ logEndOffset: 57, records: 7 });
  });
});

describe("receivedOf()", () => {
  it("counts the islands too", () => {
    const log = logOf("a", { firstOffset: 5, watermark: 9, islands: [{ from: 20, to: 23 }] });
    expect(receivedOf(log)).toBe(7);
  });
});
