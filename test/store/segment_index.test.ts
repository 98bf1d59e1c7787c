import { beforeEach, expect, it } from "vitest";
import { INDEX_INTERVAL_BYTES } from "../../src/base/limits.ts";
import { SegmentIndex } from "../../src/store/segment_index.ts";
import { testCore } from "../support/core.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";

const core = testCore();
let disk: SimulatedDisk;
const place = () => ({
  disk,
  path: "00000000000000000500",
  baseOffset: 500,
  checksum: (bytes: Uint8Array) => core.crc32c(bytes),
});

beforeEach(() => {
  disk = new SimulatedDisk();
});

/** One batch of ten records every 1,000 bytes. */
function grown(batches: number): SegmentIndex {
  const index = new SegmentIndex(500);
  for (let at = 0; at < batches; at++) {
    index.note({ baseOffset: 500 + 10 * at, maxTimestamp: at % 7 }, 1_000 * at);
  }
  return index;
}

it("note() makes one entry of each for every interval", () => {
  const index = grown(200);
  expect(index.offsets.length).toBe(Math.floor(199_000 / (INDEX_INTERVAL_BYTES + 464)) + 1);
  expect(index.times.length).toBe(index.offsets.length);
  expect(index.offsets.entry(1).position).toBe(66_000);
});

it("note() gives a batch behind damage an entry of its own", () => {
  const index = grown(3);
  index.note({ baseOffset: 600, maxTimestamp: 1 }, 9_000, "damage");
  expect(index.offsets.entry(1)).toEqual({ offset: 600, position: 9_000 });
});

it("load() reads what save() wrote, for exactly the bytes it covers", () => {
  grown(200).save(place(), 200_000);
  const index = SegmentIndex.load(place(), 200_000);
  expect(index?.offsets.floor(700)).toBe(0);
  expect(index?.offsets.length).toBe(grown(200).offsets.length);
  expect(SegmentIndex.load(place(), 200_001)).toBe(null);
});

it("save() shortens a longer file of before", () => {
  grown(200).save(place(), 200_000);
  grown(2).save(place(), 2_000);
  expect(SegmentIndex.load(place(), 2_000)?.offsets.length).toBe(1);
});

it("load() gives nothing for files that are missing or wrong", () => {
  expect(SegmentIndex.load(place(), 0)).toBe(null);
  for (const suffix of ["index", "timeindex"]) {
    grown(200).save(place(), 200_000);
    disk.flipBit(`00000000000000000500.${suffix}`, 5, 3);
    expect(SegmentIndex.load(place(), 200_000), suffix).toBe(null);
  }
});
