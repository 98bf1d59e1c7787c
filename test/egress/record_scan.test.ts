/** Pages of what a filter wants, against the plainest filter; every reader gets on, and past gaps. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { OperatingError } from "../../src/base/errors.ts";
import type { FilterTerms } from "../../src/core/record_sieve.ts";
import { RecordFilter } from "../../src/egress/record_filter.ts";
import { ScanBudget, scanRecordPage } from "../../src/egress/record_scan.ts";
import { ScanTurns } from "../../src/egress/scan_turns.ts";
import { HandClock } from "../support/hand_clock.ts";
import { scannedLog } from "../support/scanned_log.ts";
import { testCore } from "../support/core.ts";
import { ANYTHING } from "../support/filter_oracle.ts";
import { seededRandom } from "../support/mutations.ts";

const core = testCore();
const clock = new HandClock();
const turns = new ScanTurns(clock);

const scan = (
  log: ReturnType<typeof scannedLog>,
  offset: number,
  { terms = {}, maxRecords = 1_000, maxBytes = 1_000_000, ...more }: {
    terms?: Partial<FilterTerms>;
    maxRecords?: number;
    maxBytes?: number;
    budget?: ScanBudget;
    signal?: AbortSignal;
  } = {},
) =>
  scanRecordPage(log, offset, {
    budget: new ScanBudget(),
    ...more,
    ...{ core, maxRecords, maxBytes, turns, inflate: () => new Uint8Array() },
    filter: new RecordFilter({ ...ANYTHING, ...terms }, "id"),
  });

const values = ({ records }: Awaited<ReturnType<typeof scan>>) =>
  records.map(({ value }) => new TextDecoder().decode(value!));

describe("scanRecordPage()", () => {
  it("ends at the high watermark, whatever matched last", async () => {
    const log = scannedLog(core, [["a1", "b2"], ["a3"], ["b4"]]);
    const page = await scan(log, 0, { terms: { contains: utf8("a") } });
    expect(values(page)).toEqual(["a1", "a3"]);
    expect(page.nextOffset).toBe(4);
    expect(await scan(log, 4)).toMatchObject({ records: [], nextOffset: 4 });
  });

  it("ends behind its last record when it is full, and does not look further", async () => {
    const log = scannedLog(core, [["a1", "b2", "a3"], ["b4"], ["b5"]]);
    const terms = { contains: utf8("a") };
    const first = await scan(log, 0, { terms, maxRecords: 1 });
    expect(values(first)).toEqual(["a1"]);
    expect(first.nextOffset).toBe(1);
    const second = await scan(log, 1, { terms, maxRecords: 1 });
    expect([values(second), second.nextOffset]).toEqual([["a3"], 3]);
    expect(log.read.mock.calls).toHaveLength(2);
    const tiny = await scan(log, 0, { terms, maxBytes: 1 });
    expect(values(tiny)).toEqual(["a1"]);
  });

  it("ends without a record when enough was looked through, and is further on", async () => {
    const log = scannedLog(core, Array.from({ length: 10 }, () => ["b".repeat(100)]));
    const terms = { contains: utf8("a") };
    const page = await scan(log, 0, { terms, budget: new ScanBudget(1, 350) });
    expect(page).toEqual({ records: [], gaps: [], nextOffset: 3 });
  });

  it("reads nothing for a reader who has gone", async () => {
    const log = scannedLog(core, [["a1"], ["a2"]]);
    await scan(log, 0, { signal: AbortSignal.abort() });
    expect(log.read.mock.calls).toEqual([]);
  });

  it("gives what it found where retention overtakes it; the next page says what is missing", async () => {
    const log = scannedLog(core, [["a1"], ["a2"], ["a3"]]);
    log.read.mockImplementationOnce(log.read.getMockImplementation()!).mockImplementationOnce(
      () => {
        throw new OperatingError("offset_out_of_range", "Cannot read");
      },
    );
    const page = await scan(log, 0);
    expect([values(page), page.nextOffset]).toEqual([["a1"], 1]);
    log.read.mockImplementationOnce(() => {
      throw new OperatingError("offset_out_of_range", "Cannot read");
    });
    await expect(scan(log, 0)).rejects.toThrow("Cannot read");
  });

  it("passes over older segments unread, and tells of the damage in them", async () => {
    const batches = [["a"], ["b"], null, ["c"], ["d"]];
    const log = scannedLog(core, batches, { timestamps: [10, 20, 0, 5, 30] });
    const page = await scan(log, 0, { terms: { since: 25 } });
    expect(values(page)).toEqual(["d"]);
    expect(page.gaps).toEqual([{ from: 2, to: 3, reason: "corrupt" }]);
    expect(log.read.mock.calls.map(([offset]) => offset)).toEqual([4]);
  });

  it("gives every reader all that is wanted, once, and all gaps, however small its pages", async () => {
    const random = seededRandom();
    for (let nth = 0; nth < 150; nth++) {
      const batches = Array.from(
        { length: 1 + random.below(12) },
        () =>
          random.below(5) === 0
            ? null
            : Array.from({ length: 1 + random.below(6) }, () => random.below(3) ? "b" : "a"),
      );
      const timestamps = batches.map(() => random.below(30));
      const log = scannedLog(core, batches, { timestamps });
      const terms = {
        contains: random.below(2) ? utf8("a") : null,
        since: random.below(2) ? random.below(30) : null,
      };
      const found: number[] = [];
      const gone = new Set<number>();
      for (let at = 0, pages = 0; at < log.highWatermark; pages++) {
        expect(pages, `LOGBOOM_SEED=${random.seed}, ${nth}`).toBeLessThan(200);
        const budget = new ScanBudget(1, 1 + random.below(300));
        const page = await scan(log, at, { terms, maxRecords: 1 + random.below(4), budget });
        found.push(...page.records.map(({ offset }) => offset));
        for (const { from, to } of page.gaps) for (let o = from; o < to; o++) gone.add(o);
        at = page.nextOffset;
      }
      const wanted = log.records
        .filter(({ value, timestamp }) =>
          (terms.contains === null || value === "a") && timestamp >= (terms.since ?? 0)
        );
      expect(found, `LOGBOOM_SEED=${random.seed}, ${nth}`)
        .toEqual(wanted.map(({ offset }) => offset));
      expect([...gone].sort((a, b) => a - b)).toEqual(log.damaged);
    }
  });
});
