/** Where a consumer goes on, whatever has become of the log meanwhile. */
import { describe, expect, it } from "vitest";
import { commitOf, Position } from "../../../../src/egress/http/rest/positions.ts";
import type { PartitionLog } from "../../../../src/store/partition_log.ts";
import type { Topic } from "../../../../src/store/topic.ts";

/** A topic of one partition; two runs of it, the second from offset 40 on. */
function topicOf({ start = 0, end = 100, id = "a" } = {}): Topic {
  const log = {
    ...{ topic: "t", index: 0, logStartOffset: start, highWatermark: end, leaderEpoch: 2 },
    epochs: [{ epoch: 1, startOffset: 0 }, { epoch: 2, startOffset: 40 }],
  };
  return { id, name: "t", partitions: [log as unknown as PartitionLog] } as unknown as Topic;
}

const PLACE = { topic: "t", partition: 0 };
const committed = (offset: number, leaderEpoch = -1) => ({
  ...{ ...PLACE, offset, leaderEpoch, metadata: "" },
});

describe("Position.resolve()", () => {
  it("begins where the policy says, and knows it from then on", () => {
    const early = new Position(PLACE);
    expect(early.offset).toBeNull();
    expect(early.resolve(topicOf({ start: 5 }), undefined, "earliest"))
      .toEqual({ offset: 5, gaps: [] });
    const late = new Position(PLACE);
    expect(late.resolve(topicOf(), undefined, "latest").offset).toBe(100);
    expect(late.resolve(topicOf({ end: 120 }), undefined, "latest").offset).toBe(100);
    expect(() => new Position(PLACE).resolve(topicOf(), undefined, "none"))
      .toThrow(expect.objectContaining({ detail: { error_code: 41601 } }));
  });

  it("goes on where its group committed", () => {
    const position = new Position(PLACE);
    expect(position.resolve(topicOf(), committed(42, 2), "none")).toEqual({ offset: 42, gaps: [] });
    position.confirm();
    expect(position.uncommitted).toBeNull();
  });

  it("tells what retention took, until it has been told", () => {
    const position = new Position(PLACE);
    const gap = { ...PLACE, from: 10, to: 30, reason: "retention" };
    const topic = topicOf({ start: 30 });
    for (let time = 0; time < 2; time++) {
      expect(position.resolve(topic, committed(10), "earliest"))
        .toEqual({ offset: 30, gaps: [gap] });
    }
    position.moveTo(topic, 31);
    expect(position.resolve(topic, undefined, "earliest")).toEqual({ offset: 31, gaps: [] });
  });

  it("tells all that is skipped where the policy is to skip it", () => {
    const position = new Position(PLACE);
    expect(position.resolve(topicOf({ start: 30 }), committed(10), "latest").gaps)
      .toEqual([{ ...PLACE, from: 10, to: 100, reason: "retention" }]);
  });

  it("goes on nowhere where the policy is none, and says what is missing", () => {
    const position = new Position(PLACE);
    const read = () => position.resolve(topicOf({ start: 30 }), committed(10), "none");
    for (let time = 0; time < 2; time++) {
      expect(read).toThrow(expect.objectContaining({
        detail: {
          error_code: 41601,
          gaps: [{ ...PLACE, from: 10, to: 30, reason: "retention" }],
          losses: "/v1/losses?topic=t",
        },
      }));
    }
  });

  it("goes back to where the histories part, when the log is another one than was read", () => {
    // Committed at 60 in run 1, which ended at 40 here; and at 150, where this log ends at 100.
    expect(new Position(PLACE).resolve(topicOf(), committed(60, 1), "latest"))
      .toEqual({ offset: 40, gaps: [{ ...PLACE, from: 40, to: 60, reason: "log_diverged" }] });
    expect(new Position(PLACE).resolve(topicOf(), committed(150), "earliest"))
      .toEqual({ offset: 100, gaps: [{ ...PLACE, from: 100, to: 150, reason: "log_diverged" }] });
  });

  it("begins anew in another topic of that name", () => {
    const position = new Position(PLACE);
    position.moveTo(topicOf(), 50);
    expect(position.resolve(topicOf({ id: "b" }), undefined, "earliest").offset).toBe(0);
  });
});

describe("Position.uncommitted", () => {
  it("is what the client has come back for since the last commit", () => {
    const position = new Position(PLACE);
    position.resolve(topicOf(), undefined, "earliest");
    position.moveTo(topicOf(), 7);
    expect(position.uncommitted).toBeNull();
    position.confirm();
    position.moveTo(topicOf(), 9);
    expect(position.uncommitted).toBe(7);
    position.noteCommitted(7);
    expect(position.uncommitted).toBeNull();
  });
});

describe("commitOf()", () => {
  it("knows the run that the record before was of", () => {
    expect(commitOf(topicOf(), 0, { offset: 40 })).toMatchObject({ leaderEpoch: 1, metadata: "" });
    expect(commitOf(topicOf(), 0, { offset: 41, metadata: "m" }))
      .toEqual({ ...PLACE, offset: 41, leaderEpoch: 2, metadata: "m" });
  });
});
