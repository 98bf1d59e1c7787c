import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { arrivalStream, filteredStream, readMergedPage } from "../../src/egress/merged_page.ts";
import { RecordFilter } from "../../src/egress/record_filter.ts";
import { ScanBudget } from "../../src/egress/record_scan.ts";
import { ScanTurns } from "../../src/egress/scan_turns.ts";
import { testCore } from "../support/core.ts";
import { ANYTHING } from "../support/filter_oracle.ts";
import { HandClock } from "../support/hand_clock.ts";
import { seededRandom } from "../support/mutations.ts";
import { scannedLog } from "../support/scanned_log.ts";

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

describe("filteredStream()", () => {
  const clock = new HandClock();
  const turns = new ScanTurns(clock);
  const filter = new RecordFilter({ ...ANYTHING, contains: utf8("a") }, "id");
  const scan = (
    logs: ReturnType<typeof scannedLog>[],
    places: readonly number[],
    bytes: number,
  ) => {
    const streams = logs.map((log) =>
      filteredStream(log, { ...options, filter, turns, budget: new ScanBudget(logs.length, bytes) })
    );
    return readMergedPage(streams, places, options);
  };

  it("ends a page where a partition cannot be looked through to its next record", async () => {
    const late = scannedLog(core, [...Array(20).fill(["b"]), ["a"]], { index: 1 });
    const logs = [scannedLog(core, [["b"], ["b"], ["a"]], { timestamps: [9, 9, 9] }), late];
    let places: readonly number[] = [0, 0];
    const pages: number[][] = [];
    while (pages.at(-1)?.length !== 2) {
      const page = await scan(logs, places, 500);
      // What the first was looked through for is not looked through again.
      expect(page.places[0]).toBeGreaterThanOrEqual(2);
      expect(page.places[1]).toBeGreaterThan(places[1]!);
      places = page.places;
      pages.push(page.records.map(({ partition }) => partition));
    }
    expect(pages.length).toBeGreaterThan(3);
    expect(pages.slice(0, -1).flat()).toEqual([]);
    expect(pages.at(-1)).toEqual([1, 0]);
  });

  it("gives every reader all that is wanted, once, and all gaps, however small its pages", async () => {
    const random = seededRandom();
    for (let nth = 0; nth < 100; nth++) {
      const logs = Array.from({ length: 1 + random.below(4) }, (_, index) => {
        const batches = Array.from(
          { length: random.below(12) },
          () => random.below(5) === 0 ? null : random.below(3) ? ["b", "b"] : ["b", "a"],
        );
        return scannedLog(core, batches, { index, timestamps: batches.map(() => random.below(9)) });
      });
      const found = logs.map((): number[] => []);
      const gone = logs.map(() => new Set<number>());
      let places: readonly number[] = logs.map(() => 0);
      for (let pages = 0; logs.some((log, at) => places[at]! < log.highWatermark); pages++) {
        expect(pages, `LOGBOOM_SEED=${random.seed}, ${nth}`).toBeLessThan(300);
        const page = await scan(logs, places, 1 + random.below(400));
        for (const { partition, offset } of page.records) found[partition]!.push(offset);
        for (const { partition, from, to } of page.gaps) {
          for (let at = from; at < to; at++) gone[partition!]!.add(at);
        }
        places = page.places;
      }
      for (const [at, log] of logs.entries()) {
        const wanted = log.records.filter(({ value }) => value === "a");
        expect(found[at], `LOGBOOM_SEED=${random.seed}, ${nth}`)
          .toEqual(wanted.map(({ offset }) => offset));
        expect([...gone[at]!].sort((a, b) => a - b)).toEqual(log.damaged);
      }
    }
  });

  it("tells of what was lost elsewhere with the record behind it, once", async () => {
    const log = scannedLog(core, [["a"], ["b"], ["a"], ["a"]]);
    const lost = (at: number) => ({ from: at, to: at, reason: "evicted" });
    const told: number[] = [];
    let places: readonly number[] = [0];
    for (let pages = 0; pages < 3; pages++) {
      const each = {
        ...{ ...options, filter, turns, budget: new ScanBudget() },
        lossesBefore: ({ baseOffset }: { baseOffset: number }) =>
          baseOffset > 0 ? [lost(baseOffset)] : [],
      };
      const page = await readMergedPage([filteredStream(log, each)], places, {
        ...{ ...options, maxRecords: 1 },
      });
      told.push(...page.gaps.map(({ from }) => from));
      places = page.places;
    }
    expect(told.sort()).toEqual([1, 2, 3]);
  });
});
