import { describe, expect, it } from "vitest";
import { Gap, gapOf } from "../../src/client/gap.ts";

describe("Gap", () => {
  it("counts, and says what is missing", () => {
    const gap = new Gap({ topic: "logs", partition: 2, from: 5, to: 9, reason: "retention" });
    expect(gap.count).toBe(4);
    expect(`${gap}`).toBe("logs-2: offsets 5 to 8 are missing (retention)");
    expect(gap).toMatchObject({ kind: "gap", source: null });
  });
});

describe("Gap, of records that were lost before they came here", () => {
  it("counts and names them by their log", () => {
    const source = { logId: "0a", from: 3, to: 8 };
    const gap = new Gap({ topic: "logs", partition: 0, from: 1, to: 1, reason: "evicted", source });
    expect(gap.count).toBe(5);
    expect(`${gap}`).toBe("logs-0: before offset 1, 5 records of log 0a are missing (evicted)");
  });
});

describe("gapOf()", () => {
  it("takes the place where the node left it out, and its source", () => {
    const wire = { from: 1, to: 3, reason: "lost", source: { log_id: "0a", from: 7 } };
    expect(gapOf(wire, { topic: "logs", partition: 1 })).toMatchObject({
      ...{ topic: "logs", partition: 1, from: 1, to: 3, reason: "lost" },
      source: { logId: "0a", from: 7 },
    });
    expect(gapOf({ ...wire, partition: 3 }, { topic: "logs", partition: 1 }).partition).toBe(3);
  });
});
