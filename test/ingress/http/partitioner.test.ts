import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import { isOperatingError } from "../../../src/base/errors.ts";
import { keylessPartitionOf, partitionerOf } from "../../../src/ingress/http/partitioner.ts";
import type { Topic } from "../../../src/store/topic.ts";
import { testCore } from "../../support/core.ts";

const core = testCore();
const topicOf = (count: number) => ({
  name: "t",
  partitions: Array.from({ length: count }, (_, index) => ({ index })),
} as unknown as Topic);

describe("partitionerOf()", () => {
  it("puts a key where Kafka's clients put it", () => {
    // murmur2 of Kafka's UtilsTest, its sign bit cleared, modulo the partitions.
    const expected = [["21", -973932308], ["foobar", -790332482], [
      "a-little-bit-long-string",
      -985981536,
    ]] as const;
    const partition = partitionerOf(topicOf(7), { core, keyless: 0, partition: undefined });
    for (const [key, hash] of expected) {
      expect(partition(utf8(key)).index, key).toBe((hash & 0x7fffffff) % 7);
    }
  });

  it("puts records without a key into the next partition with each commit", () => {
    const of = (keyless: number) =>
      partitionerOf(topicOf(3), { core, keyless, partition: undefined })(null).index;
    expect([4, 5, 6, 7].map(of)).toEqual([1, 2, 0, 1]);
  });

  it("puts all into the partition that was asked for, if there is one", () => {
    const partition = partitionerOf(topicOf(3), { core, keyless: 0, partition: 2 });
    expect([null, utf8("21"), utf8("x")].map((key) => partition(key).index)).toEqual([2, 2, 2]);
    try {
      partitionerOf(topicOf(3), { core, keyless: 0, partition: 3 });
      expect.unreachable();
    } catch (error) {
      expect(isOperatingError(error, "unknown_partition")).toBe(true);
    }
  });
});

describe("keylessPartitionOf()", () => {
  it("is the same for a producer, whenever it comes", () => {
    const first = keylessPartitionOf(topicOf(5), core, "device-1");
    expect(first).toBe(core.murmur2(utf8("device-1")) % 5);
    expect(keylessPartitionOf(topicOf(5), core, "device-1")).toBe(first);
  });
});
