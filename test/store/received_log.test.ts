import { describe, expect, it } from "vitest";
import { RangeSet } from "../../src/store/range_set.ts";
import { newEntry, view } from "../../src/store/received_log.ts";

describe("view()", () => {
  it("tells what is durable from what is only queued", () => {
    const entry = newEntry(
      { logId: "a".repeat(16), firstOffset: 5, target: { topic: "logs", partition: 2 } },
      new RangeSet(5),
    );
    entry.committed.add(5, 9);
    entry.noted = entry.committed.copy();
    entry.noted.add(9, 12);
    const log = view(entry, {
      ...{ logId: "0".repeat(16), peer: "p", gateway: "site", topic: "t", partition: 1 },
      ...{ firstOffset: 5, predecessor: null, predecessorEnd: 0, root: "0".repeat(16) },
      ...{ targetTopic: "logs", targetPartition: 2, closed: null },
    });
    expect(log).toMatchObject({
      source: { topic: "t", partition: 1 },
      target: { topic: "logs", partition: 2 },
      watermark: 9,
      expected: 12,
      closed: false,
    });
  });
});
