/** Checkpoints: what is captured is read again, and nothing that is damaged ever is. */
import { describe, expect, it } from "vitest";
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  encodePartition,
} from "../../src/format/checkpoint.ts";
import { testCore } from "../support/core.ts";

const core = testCore();
const crc32c = (bytes: Uint8Array) => core.crc32c(bytes);

const CHECKPOINT: Checkpoint = {
  generation: 2 ** 40,
  leaderEpoch: 12,
  ageMs: 34_567,
  partitions: new Map([["logs-0", {
    logStartOffset: 10,
    recoveryPoint: 2 ** 50,
    recoverySegment: 100,
    recoveryPosition: 4096,
    epochs: [{ epoch: 3, startOffset: 0 }, { epoch: 12, startOffset: 99 }],
    gaps: [{ from: 20, to: 30, reason: "corrupt" }],
    segments: [
      { baseOffset: 0, bytes: 99, minTimestamp: -5, maxTimestamp: 7, receivedMs: 1 },
      { baseOffset: 100, bytes: 4096, minTimestamp: 1, maxTimestamp: 2, receivedMs: 3 },
    ],
  }]]),
  ownLogs: new Map([["logs-0", [{
    logId: "1123456789abcdef",
    firstOffset: 12,
    predecessor: "0123456789abcdef",
    predecessorEnd: 12,
    root: "0123456789abcdef",
  }]]]),
  forwarded: new Map([["logs-0", {
    held: 50,
    settled: 40,
    acked: { "0123456789abcdef": { held: 50, settled: 40 } },
  }]]),
  ranges: [{
    logId: "7edcba9876543210",
    firstOffset: 5,
    watermark: 17,
    islands: [{ from: 20, to: 25 }],
    open: [
      { from: 12, to: 15, by: "peer" },
      { from: 16, to: 18, by: "peer", holders: ["b".repeat(16)] },
    ],
    order: {
      done: 12,
      runs: [{ from: 20, to: 25, localStart: 60 }],
      splices: [{
        ...{ logId: "7edcba9876543210", from: 7, to: 9, localStart: 40 },
        ...{ mergedAt: 50, sequence: 3 },
      }],
    },
    targetTopic: "logs",
    targetPartition: 0,
    localEnd: 88,
  }, {
    logId: "7edcba9876543211",
    firstOffset: 5,
    watermark: 17,
    islands: [],
    open: [],
    order: null,
    targetTopic: "logs",
    targetPartition: 0,
    localEnd: 89,
  }],
  origins: { settledBelow: 1_000, unsettled: [990, 998] },
};

function encode(): Uint8Array {
  const { partitions, ownLogs } = CHECKPOINT;
  const texts = Array.from(partitions, ([name, each]) => {
    return [name, encodePartition(each, ownLogs.get(name)!)] as const;
  });
  return encodeCheckpoint({ ...CHECKPOINT, partitions: new Map(texts) }, crc32c);
}

describe("decodeCheckpoint()", () => {
  it("gives back what was encoded, with zeros behind it or without", () => {
    const bytes = encode();
    const padded = new Uint8Array(bytes.length + 1_000);
    padded.set(bytes);
    expect(decodeCheckpoint(bytes, crc32c)).toEqual(CHECKPOINT);
    expect(decodeCheckpoint(padded, crc32c)).toEqual(CHECKPOINT);
  });

  it("gives nothing for zeros, for a part of it, or with any bit flipped", () => {
    const bytes = encode();
    expect(decodeCheckpoint(new Uint8Array(4096), crc32c)).toBeNull();
    for (let size = 0; size < bytes.length; size++) {
      expect(decodeCheckpoint(bytes.subarray(0, size), crc32c), `${size} bytes`).toBeNull();
    }
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      expect(decodeCheckpoint(bytes, crc32c), `bit ${bit}`).toBeNull();
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
  });
});
