import { describe, expect, it } from "vitest";
import { assignRange } from "../../../src/groups/assignors/range.ts";
import { assignorContract, subscriber } from "../../contract/assignor.ts";

describe("assignRange()", () => {
  assignorContract(assignRange);

  // RangeAssignorTest.testTwoConsumersTwoTopicsSixPartitions of Apache Kafka 3.9.
  it("shares two topics of three partitions among two as Kafka does", () => {
    const both = ["t1", "t2"];
    const assigned = assignRange(
      [subscriber("c1", both), subscriber("c2", both)],
      new Map([["t1", 3], ["t2", 3]]),
    );
    const at = (topic: string, ...numbers: number[]) =>
      numbers.map((partition) => ({ topic, partition }));
    expect(assigned.get("c1")).toEqual([...at("t1", 0, 1), ...at("t2", 0, 1)]);
    expect(assigned.get("c2")).toEqual([...at("t1", 2), ...at("t2", 2)]);
  });

  it("gives nothing to those behind the last partition", () => {
    const assigned = assignRange(
      [subscriber("a", ["t"]), subscriber("b", ["t"]), subscriber("c", ["t"])],
      new Map([["t", 2]]),
    );
    expect([...assigned.values()].map((own) => own.length)).toEqual([1, 1, 0]);
  });
});
