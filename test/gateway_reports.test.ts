import { describe, expect, it } from "vitest";
import { laneReportOf } from "../src/gateway_reports.ts";

const lane = { peer: "north", topic: "logs", partition: 2 };
const session = (peer: string, lastSeenMs: number, pending: Record<string, number>) => ({
  ...{ peer, lastSeenMs, pending: new Map(Object.entries(pending)) },
});

describe("laneReportOf()", () => {
  it("is the newest word of that peer on that lane", () => {
    const sessions = [
      session("north", 30, { "logs/2": 5 }),
      session("north", 10, { "logs/2": 900 }),
      session("north", 50, { "logs/1": 7 }),
      session("south", 60, { "logs/2": 8 }),
    ];
    expect(laneReportOf(sessions, lane)).toEqual({ pendingRecords: 5, lastSeenMs: 30 });
  });

  it("is null where nothing was heard", () => {
    expect(laneReportOf([session("south", 1, { "logs/2": 1 })], lane)).toBeNull();
    expect(laneReportOf([], lane)).toBeNull();
  });
});
