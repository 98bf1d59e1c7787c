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

function lagOf(logs: readonly ReceivedLog[], told: Readonly<Record<string, number>>) {
  const lags = lagsOf({
    clock: { wallMs: () => 8_500, monotonicMs: () => 0 },
    store: { ranges: { all: () => logs }, topic: () => ({ partitions: [target] }) },
    heard: {
      endOf: (logId: string) => told[logId] ?? null,
      lastSeen: () => new Map([["q", 6_000], ["p", 7_000], ["r", 9_000]]),
    },
  } as unknown as LagOptions);
  return (logId: string) => lags.get(logId);
}

describe("lagsOf()", () => {
  it("goes by where the log ends at its sender, and estimates bytes and seconds", () => {
    const lag = lagOf([logOf("a", { watermark: 40, paths: ["p", "q"] })], { a: 46 });
    expect(lag("a")).toEqual({
      ...{ logEndOffset: 46, records: 6, toCome: 6, bytes: 1_200, seconds: 3.5 },
      lastSeenMs: 7_000,
    });
  });

  it("is nothing at all once all is here, and unknown where nobody said", () => {
    const logs = [logOf("a", { watermark: 40, paths: ["stranger"] })];
    expect(lagOf(logs, { a: 40 })("a")).toMatchObject({ records: 0, bytes: 0, seconds: 0 });
    expect(lagOf(logs, { a: 30 })("a")).toMatchObject({ logEndOffset: 40, records: 0 });
    expect(lagOf(logs, {})("a")).toEqual({
      ...{ logEndOffset: null, records: null, toCome: 0, bytes: null, seconds: null },
      lastSeenMs: null,
    });
  });

  it("counts what is missing below and above an island", () => {
    const islands = [{ from: 40, to: 45 }];
    const log = logOf("a", { firstOffset: 10, watermark: 20, islands });
    expect(lagOf([log], { a: 46 })("a")).toMatchObject({ logEndOffset: 46, records: 21 });
    expect(lagOf([log], { a: 42 })("a")).toMatchObject({ logEndOffset: 45, records: 20 });
    expect(lagOf([log], { a: 30 })("a")).toMatchObject({ logEndOffset: 45, records: 10 });
  });

  it("waits for what lies elsewhere too, but not from those that send here", () => {
    const elsewhere = [{ from: 12, to: 15, by: "peer" }];
    const lag = lagOf([logOf("a", { firstOffset: 10, watermark: 20, elsewhere })], { a: 26 });
    expect(lag("a")).toMatchObject({ logEndOffset: 26, records: 9, toCome: 6 });
  });

  it("knows the end of a log from its successor, whatever was said before", () => {
    const logs = [
      logOf("a", { watermark: 30, islands: [{ from: 35, to: 37 }] }),
      logOf("b", { firstOffset: 50, watermark: 50, predecessor: "a", predecessorEnd: 50 }),
    ];
    const lag = lagOf(logs, { a: 99, b: 57 });
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
