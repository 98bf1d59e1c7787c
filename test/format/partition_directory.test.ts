import { describe, expect, it } from "vitest";
import {
  parsePartitionDirectory,
  partitionDirectory,
} from "../../src/format/partition_directory.ts";

describe("parsePartitionDirectory()", () => {
  it("gives back every name that was made, dashes and all", () => {
    for (const [topic, partition] of [["a", 0], ["a-1", 0], ["a", 10], ["-", 1999]] as const) {
      expect(parsePartitionDirectory(partitionDirectory(topic, partition))).toEqual({
        topic,
        partition,
      });
    }
  });

  it("sees no partition in other names", () => {
    for (const name of ["", "a", "a-", "-1", "a-01", "a-x", "quarantine", "checkpoint-a", "é-1"]) {
      expect(parsePartitionDirectory(name), name).toBeNull();
    }
  });
});
