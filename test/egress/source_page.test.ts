/**
 * Pages in the order of source, where what was to be spliced in is gone or damaged. That every reader
 * meets every record once: test/sim/source_order.test.ts.
 */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { OperatingError } from "../../src/base/errors.ts";
import { RecordFilter } from "../../src/egress/record_filter.ts";
import { ScanBudget } from "../../src/egress/record_scan.ts";
import { ScanTurns } from "../../src/egress/scan_turns.ts";
import { isAtEnd, readSourcePage, type SourcePlace } from "../../src/egress/source_page.ts";
import type { SourceReading } from "../../src/store/source_order.ts";
import { batchOf } from "../support/batches.ts";
import { testCore } from "../support/core.ts";
import { ANYTHING } from "../support/filter_oracle.ts";
import { HandClock } from "../support/hand_clock.ts";

const core = testCore();
const LOG = "00000000000000a1";
const splice = {
  ...{ logId: LOG, from: 4, to: 8, localStart: 0, mergedAt: 8, sequence: 0 },
};

/** One record a batch: the log's 4 to 7, which came first, then its 0 to 3. */
function world({ logStartOffset = 0, damaged = -1 } = {}) {
  const places = [4, 5, 6, 7, 0, 1, 2, 3];
  const batches = places.map((source, offset) => {
    const batch = batchOf(core, [`v${source}`], { logId: LOG, baseOffset: source });
    new DataView(batch.buffer, batch.byteOffset).setBigInt64(0, BigInt(offset));
    return batch;
  });
  const log = {
    ...{ topic: "t", index: 0, logStartOffset, highWatermark: 8 },
    read(offset: number, { upTo = Infinity }: { maxBytes: number; upTo?: number }) {
      if (offset < log.logStartOffset) throw new OperatingError("offset_out_of_range", "Cannot");
      const from = offset === damaged ? offset + 1 : offset;
      const gaps = from > offset ? [{ from: offset, to: from, reason: "corrupt" }] : [];
      const batch = from < Math.min(8, upTo) ? [batches[from]!.slice()] : [];
      return Promise.resolve({ batches: batch, nextOffset: from + batch.length, gaps });
    },
  };
  const order: SourceReading = {
    end: (highWatermark) => highWatermark,
    at: (at) => at === 8 ? [splice] : [],
    next: (above) => above < 8 ? 8 : Infinity,
    aside: (_, source) => source >= 4,
    heldBack: () => 0,
  };
  const read = async (place: SourcePlace, maxRecords = 100) => {
    const page = await readSourcePage(log, place, {
      ...{ core, inflate: () => new Uint8Array(), order, maxRecords, maxBytes: 10_000 },
    });
    const values = page.records.map(({ value }) => new TextDecoder().decode(value!));
    return { ...page, values };
  };
  return { log, order, read };
}

const START: SourcePlace = { offset: 0, splice: null };

describe("readSourcePage()", () => {
  it("leaves off and goes on anywhere, within a splice too", async () => {
    const { log, order, read } = world();
    for (const size of [1, 2, 3, 5, 8]) {
      let place = START;
      const seen: string[] = [];
      while (!isAtEnd(log, order, place)) {
        const page = await read(place, size);
        expect(page.values.length).toBeLessThanOrEqual(size);
        seen.push(...page.values);
        place = page.next;
      }
      expect(seen, `${size}`).toEqual(["v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7"]);
    }
  });

  it("says where each record leaves the reader", async () => {
    const { read } = world();
    const { after, values } = await read(START);
    for (const [at, place] of after.entries()) {
      expect((await read(place)).values, `${at}`).toEqual(values.slice(at + 1));
    }
  });

  it("names what retention took out of a splice, and reads the rest", async () => {
    const { log, read } = world();
    const place = (await read(START, 5)).next;
    log.logStartOffset = 2;
    const page = await read(place);
    expect(page.values).toEqual(["v6", "v7"]);
    expect(page.gaps).toEqual([
      {
        gap: { from: 1, to: 2, reason: "retention", source: { log_id: LOG, from: 5 } },
        before: 0,
      },
    ]);
  });

  it("names damage where it passes it, and again where it should have read it", async () => {
    const { read } = world({ damaged: 1 });
    const page = await read(START);
    expect(page.values).toEqual(["v0", "v1", "v2", "v3", "v4", "v6", "v7"]);
    const gap = { from: 1, to: 2, reason: "corrupt" };
    expect(page.gaps).toEqual([{ gap, before: 0 }, { gap, before: 5 }]);
  });

  it("names a batch nobody can decode where it lies, so that no small page loses it", async () => {
    const { log, read } = world();
    const readWhole = log.read;
    log.read = async (offset, options) => {
      const found = await readWhole(offset, options);
      if (offset === 6) new DataView(found.batches[0]!.buffer).setInt16(21, 1);
      return found;
    };
    const gap = { from: 6, to: 7, reason: "undecodable" };
    expect((await read(START)).gaps).toEqual([{ gap, before: 2 }]);
    let place = START;
    const told: unknown[] = [];
    for (let pages = 0; pages < 8; pages++) {
      const page = await read(place, 1);
      told.push(...page.gaps.filter(({ before }) => before < 1));
      place = page.next;
    }
    expect(told).toEqual([{ gap, before: 0 }]);
  });

  it("refuses a place below the start of the log, and one it never gave", async () => {
    const { read } = world({ logStartOffset: 2 });
    await expect(read(START)).rejects.toMatchObject({ code: "offset_out_of_range" });
    const never = { offset: 8, splice: { logId: "00000000000000b2", next: 5, at: 3 } };
    await expect(read(never)).rejects.toMatchObject({ code: "log_diverged" });
  });
});

describe("readSourcePage() with a filter", () => {
  const clock = new HandClock();
  const turns = new ScanTurns(clock);
  const filter = new RecordFilter({ ...ANYTHING, contains: utf8("5") }, "id");

  it("gets on with every page, however little it may look through, and finds all", async () => {
    for (const bytes of [1, 100, 250, 1_000_000]) {
      const { log, order } = world();
      const found: string[] = [];
      let place = START;
      for (let pages = 0; !isAtEnd(log, order, place); pages++) {
        expect(pages, `${bytes}`).toBeLessThan(30);
        const page = await readSourcePage(log, place, {
          ...{ core, inflate: () => new Uint8Array(), order, maxRecords: 10, maxBytes: 10_000 },
          ...{ filter, scan: { budget: new ScanBudget(1, bytes), turns } },
        });
        found.push(...page.records.map(({ value }) => new TextDecoder().decode(value!)));
        if (page.records.length > 0) {
          // Who stands before the first of them meets it at once.
          const again = await readSourcePage(log, page.before, {
            ...{ core, inflate: () => new Uint8Array(), order, maxRecords: 1, maxBytes: 10_000 },
            ...{ filter, scan: { budget: new ScanBudget(1, 1), turns } },
          });
          expect(again.records.map(({ offset }) => offset)).toEqual([page.records[0]!.offset]);
        }
        place = page.next;
      }
      expect(found, `${bytes}`).toEqual(["v5"]);
    }
  });
});
