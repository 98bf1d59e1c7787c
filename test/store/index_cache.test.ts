import { beforeEach, expect, it } from "vitest";
import { INDEXES_KEPT_MAX } from "../../src/base/limits.ts";
import { FileCache } from "../../src/store/file_cache.ts";
import { IndexCache } from "../../src/store/index_cache.ts";
import { Segment } from "../../src/store/segment.ts";
import { batchOf } from "../support/batches.ts";
import { testCore } from "../support/core.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";

const core = testCore();
let disk: SimulatedDisk;
let indexes: IndexCache;

beforeEach(() => {
  disk = new SimulatedDisk();
  disk.makeDirectory("t-0");
  indexes = new IndexCache(disk, new FileCache(disk), core);
});

/** A closed segment of one batch, without an index. */
function segmentAt(baseOffset: number): Segment {
  const segment = new Segment("t-0", baseOffset);
  const batch = batchOf(core, ["x"], { baseOffset });
  disk.open(segment.path, { create: true }).writeAt(0, batch);
  const nextOffset = baseOffset + 1;
  segment.count({ baseOffset, nextOffset, minTimestamp: 0, maxTimestamp: 0 }, batch.length);
  return segment;
}

it("of() builds a missing index from the log, and keeps it in files", () => {
  const segment = segmentAt(7);
  expect(indexes.of(segment, false).offsets.entry(0)).toEqual({ offset: 7, position: 0 });
  expect(disk.exists("t-0/00000000000000000007.index")).toBe(true);
  segment.index = null;
  disk.readBytes = 0;
  expect(indexes.of(segment, false).offsets.length).toBe(1);
  expect(disk.readBytes).toBeLessThan(segment.bytes);
});

it("of() builds a wrong index again", () => {
  const segment = segmentAt(7);
  indexes.of(segment, false);
  disk.flipBit("t-0/00000000000000000007.index", 3, 3);
  segment.index = null;
  expect(indexes.of(segment, false).offsets.entry(0)).toEqual({ offset: 7, position: 0 });
});

it("of() keeps few indexes of closed segments in memory, the last used", () => {
  const segments = Array.from({ length: INDEXES_KEPT_MAX + 2 }, (_, at) => segmentAt(at));
  for (const segment of segments.slice(0, -1)) indexes.of(segment, false);
  indexes.of(segments[1]!, false);
  indexes.of(segments.at(-1)!, false);
  expect(segments.filter(({ index }) => index === null)).toEqual([segments[0], segments[2]]);
});

it("of() never takes the index of an active segment away", () => {
  const active = segmentAt(0);
  indexes.of(active, true);
  for (let at = 1; at <= INDEXES_KEPT_MAX + 1; at++) indexes.of(segmentAt(at), false);
  expect(active.index).not.toBe(null);
});

it("sealed() writes the files of an index, and survives a disk that cannot", () => {
  const segment = segmentAt(7);
  indexes.of(segment, true);
  disk.writeFault = () => "full";
  indexes.sealed(segment);
  expect(disk.exists("t-0/00000000000000000007.index")).toBe(false);
  disk.writeFault = null;
  indexes.sealed(segment);
  expect(indexes.load(segment)?.offsets.length).toBe(1);
});

it("remove() removes the files", () => {
  const segment = segmentAt(7);
  indexes.of(segment, false);
  indexes.remove(segment);
  expect(disk.list("t-0")).toEqual(["00000000000000000007.log"]);
});
