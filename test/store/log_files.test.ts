import { describe, expect, it } from "vitest";
import { FileCache } from "../../src/store/file_cache.ts";
import { IndexCache } from "../../src/store/index_cache.ts";
import { LogFiles } from "../../src/store/log_files.ts";
import { Segment } from "../../src/store/segment.ts";
import { SegmentIndex } from "../../src/store/segment_index.ts";
import { testCore } from "../support/core.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";

/** Segments of ten offsets and 100 bytes each, the last one empty. */
function fixture() {
  const disk = new SimulatedDisk();
  disk.makeDirectory("logs-0");
  const files = new FileCache(disk);
  const segments = [0, 10, 20].map((baseOffset) => {
    const segment = new Segment("logs-0", baseOffset);
    disk.open(segment.path, { create: true }).close();
    if (baseOffset < 20) {
      const nextOffset = baseOffset + 10;
      segment.count({ baseOffset, nextOffset, minTimestamp: 1, maxTimestamp: 2 }, 100);
    }
    return segment;
  });
  const indexes = new IndexCache(disk, files, testCore());
  return {
    disk,
    segments,
    log: new LogFiles({ disk, files, indexes, directory: "logs-0", segments }),
  };
}

const names = (disk: SimulatedDisk) =>
  disk.list("logs-0").filter((name) => name.endsWith(".log")).map((name) => Number.parseInt(name));

describe("LogFiles", () => {
  it("removes whole segments below an offset, and never the active one", () => {
    const { disk, log, segments } = fixture();
    expect(log.removeBelow(9)).toBe(0);
    expect(log.removeBelow(19)).toBe(100);
    expect(names(disk)).toEqual([10, 20]);
    expect(log.removeBelow(500)).toBe(100);
    expect(segments.map(({ baseOffset }) => baseOffset)).toEqual([20]);
    expect(names(disk)).toEqual([20]);
  });

  it("removes everything, and may be asked again", () => {
    const { disk, log, segments } = fixture();
    log.removeAll();
    log.removeAll();
    expect(segments).toEqual([]);
    expect(disk.list("")).not.toContain("logs-0");
  });

  it("puts a smaller file in a segment's place", () => {
    const { disk, log, segments } = fixture();
    disk.open("logs-0/thin", { create: true }).close();
    const file = { path: "logs-0/thin", bytes: 30, index: new SegmentIndex(10), holes: [] };
    expect(log.replace(10, file)).toBe(70);
    expect(segments.map(({ bytes, thinned }) => [bytes, thinned === true]))
      .toEqual([[100, false], [30, true], [0, false]]);
    expect(names(disk)).toEqual([0, 10, 20]);
    expect(() => log.replace(20, file)).toThrow("sealed");
    log.noteThinned(0);
    expect(segments[0]!.thinned).toBe(true);
    expect(log.pathOf(10)).toBe(segments[1]!.path);
  });
});
