import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { arrivalStream, readMergedPage } from "../../src/egress/merged_page.ts";
import { testCore } from "../support/core.ts";

const core = testCore();
const options = {
  ...{ core, maxRecords: 1_000, maxBytes: 1_000_000 },
  inflate: () => new Uint8Array(),
};

/** A log with one batch for each timestamp, and gaps at the offsets where there is none. */
function logOf(index: number, timestamps: readonly (number | null)[]) {
  const batches = timestamps.map((timestamp, baseOffset) => {
    if (timestamp === null) return null;
    core.discard(0);
    core.append(0, { timestamp, value: utf8(`${index}/${baseOffset}`) });
    const stamp = { leaderEpoch: 1, logId: "00000000000000ff", compression: "none" } as const;
    return core.seal(0, { baseOffset, ...stamp });
  });
  return {
    ...{ topic: "t", index, highWatermark: timestamps.length },
    read(offset: number) {
      let from = offset;
      while (from < batches.length && batches[from] === null) from++;
      const gaps = from > offset ? [{ from: offset, to: from, reason: "corrupt" }] : [];
      const batch = batches[from];
      return Promise.resolve({
        batches: batch === undefined || batch === null ? [] : [batch],
        nextOffset: batch === undefined ? from : from + 1,
        gaps,
      });
    },
  };
}

function read(logs: ReturnType<typeof logOf>[], offsets: readonly number[], more = {}) {
  const streams = logs.map((log) => arrivalStream(log, options));
  return readMergedPage(streams, offsets, { ...options, ...more });
}

describe("readMergedPage()", () => {
  it("takes the lowest timestamp at each step, the first partition of equals", async () => {
    const logs = [logOf(0, [5, 3, 8]), logOf(1, [5, 6])];
    const { records, places } = await read(logs, [0, 0]);
    expect(records.map(({ timestamp, partition }) => [timestamp, partition]))
      .toEqual([[5, 0], [3, 0], [5, 1], [6, 1], [8, 0]]);
    expect(places).toEqual([3, 2]);
  });

  it("leaves off anywhere, and says where each partition stands", async () => {
    const logs = [logOf(0, [1, 3, 5]), logOf(1, [2, 4, 6])];
    const { records, places } = await read(logs, [0, 0], { maxRecords: 3 });
    expect(records.map(({ timestamp }) => timestamp)).toEqual([1, 2, 3]);
    expect(places).toEqual([2, 1]);
  });

  it("names a gap once, in the page that passes it, with its partition", async () => {
    const logs = [logOf(0, [1, null, null, 4]), logOf(1, [2, 3, null])];
    const first = await read(logs, [0, 0], { maxRecords: 2 });
    expect(first.places).toEqual([1, 1]);
    expect(first.gaps).toEqual([]);
    const rest = await read(logs, first.places);
    expect(rest.records.map(({ timestamp }) => timestamp)).toEqual([3, 4]);
    expect(rest.gaps).toEqual([
      { partition: 0, from: 1, to: 3, reason: "corrupt" },
      { partition: 1, from: 2, to: 3, reason: "corrupt" },
    ]);
    expect(rest.places).toEqual([4, 3]);
  });
});
