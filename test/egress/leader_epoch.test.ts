import { describe, expect, it } from "vitest";
import { OperatingError } from "../../src/base/errors.ts";
import { checkEpoch, epochBefore } from "../../src/egress/leader_epoch.ts";

/** Epoch 3 wrote 0 to 9, epoch 5 wrote 10 to 19, epoch 8 wrote from 20 on. */
const log = {
  ...{ topic: "t", index: 0, leaderEpoch: 9, highWatermark: 30, logStartOffset: 0 },
  epochs: [
    { epoch: 3, startOffset: 0 },
    { epoch: 5, startOffset: 10 },
    { epoch: 8, startOffset: 20 },
  ],
};

describe("epochBefore()", () => {
  it("is the epoch of the record in front of the offset", () => {
    expect([0, 1, 10, 11, 20, 21, 30].map((offset) => epochBefore(log, offset)))
      .toEqual([-1, 3, 3, 5, 5, 8, 8]);
  });

  it("is unknown in an empty log", () => {
    expect(epochBefore({ ...log, epochs: [] }, 5)).toBe(-1);
  });
});

describe("checkEpoch()", () => {
  const endOf = (epoch: number, offset: number): unknown => {
    try {
      checkEpoch(log, epoch, offset);
      return "same log";
    } catch (error) {
      expect(error).toBeInstanceOf(OperatingError);
      expect((error as OperatingError).code).toBe("log_diverged");
      return (error as OperatingError).detail["epoch_end_offset"];
    }
  };

  it("lets every standing pass that this log could have given", () => {
    for (let offset = 0; offset <= 30; offset++) {
      expect(endOf(epochBefore(log, offset), offset), String(offset)).toBe("same log");
    }
    expect(endOf(9, 30)).toBe("same log");
  });

  it("refuses one beyond the end of its epoch here, and tells that end", () => {
    expect(endOf(3, 11)).toBe(10);
    expect(endOf(4, 11)).toBe(10);
    expect(endOf(5, 25)).toBe(20);
    expect(endOf(8, 31)).toBe(30);
    expect(endOf(1, 1)).toBe(0);
  });

  it("refuses an epoch this node has not come to", () => {
    expect(endOf(10, 5)).toBe(30);
  });
});
