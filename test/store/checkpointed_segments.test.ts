import { expect, it } from "vitest";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import type { PartitionCheckpoint } from "../../src/format/checkpoint.ts";
import { CheckpointedSegments } from "../../src/store/checkpointed_segments.ts";
import { FileCache } from "../../src/store/file_cache.ts";
import { IndexCache } from "../../src/store/index_cache.ts";
import { testCore } from "../support/core.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";

const disk = new SimulatedDisk();
disk.makeDirectory("t-0");
const path = (base: number) => `t-0/${String(base).padStart(20, "0")}.log`;
for (const base of [0, 5, 9]) {
  disk.open(path(base), { create: true }).writeAt(0, new Uint8Array(100));
}

function open(checkpoint: PartitionCheckpoint | null, deep = false) {
  const files = new FileCache(disk);
  const indexes = new IndexCache(disk, files, testCore());
  const common = { directory: "t-0", files, indexes, logger: SILENT_LOGGER, ageMs: () => 77 };
  return new CheckpointedSegments({ ...common, checkpoint, deep });
}

const segment = (baseOffset: number) => ({
  ...{ baseOffset, bytes: 80, minTimestamp: 1, maxTimestamp: 2, receivedMs: 3 },
});
const checkpoint: PartitionCheckpoint = {
  ...{ logStartOffset: 0, recoveryPoint: 8, recoverySegment: 5, recoveryPosition: 80 },
  ...{ epochs: [], gaps: [], segments: [segment(0), segment(5)] },
};

it("tells what is in sealed segments without reading them", () => {
  const [first, second] = open(checkpoint).sealed([0, 4], 5);
  expect(first).toMatchObject({ baseOffset: 0, endOffset: 4, bytes: 80, receivedMs: 3 });
  expect(second).toMatchObject({ baseOffset: 4, endOffset: 5, bytes: 0, receivedMs: 77 });
});

it("begins where the checkpoint ends, unless the file is shorter or all is to be read", () => {
  expect(open(checkpoint).toScan(5)).toMatchObject({ bytes: 80, endOffset: 8 });
  expect(open(checkpoint).toScan(9)).toMatchObject({ bytes: 0, endOffset: 9 });
  expect(open(checkpoint, true).toScan(5)).toMatchObject({ bytes: 0, endOffset: 5 });
  expect(open({ ...checkpoint, recoveryPosition: 200 }).toScan(5)).toMatchObject({ bytes: 0 });
  expect(open(null).toScan(5)).toMatchObject({ bytes: 0 });
});

it("remembers which files it could not open", () => {
  const segments = open(checkpoint);
  expect(segments.bytesOf(path(0))).toBe(100);
  expect(segments.bytesOf(path(3))).toBe(0);
  expect([...segments.unopened]).toEqual([path(3)]);
});
