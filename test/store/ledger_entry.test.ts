import { describe, expect, it } from "vitest";
import {
  decodeEntry,
  encodeEntry,
  join,
  joins,
  type LedgerEntry,
  partOf,
  without,
} from "../../src/store/ledger_entry.ts";

const entry: LedgerEntry = {
  id: 7,
  logId: "0123456789abcdef",
  topic: "logs",
  partition: 1,
  from: 10,
  to: 20,
  count: 10,
  bytes: 1_000,
  minTimestamp: 5,
  maxTimestamp: 9,
  reason: "evicted",
  state: "provisional",
  atMs: 1_700_000_000_000,
};

describe("encodeEntry()", () => {
  it("is undone by decodeEntry()", () => {
    expect(decodeEntry(encodeEntry(entry))).toEqual(entry);
  });
});

describe("joins()", () => {
  it("joins neighbours of one log, reason and state, and no others", () => {
    const next = { ...entry, from: 20, to: 25, count: 5, bytes: 10, maxTimestamp: 12 };
    expect(joins(entry, next)).toBe(true);
    expect(join(entry, next)).toMatchObject({
      ...{ from: 10, to: 25, count: 15, bytes: 1_010, minTimestamp: 5, maxTimestamp: 12 },
    });
    for (const other of [{ from: 21 }, { reason: "wiped" }, { state: "final" }, { partition: 2 }]) {
      expect(joins(entry, { ...next, ...other } as LedgerEntry), JSON.stringify(other)).toBe(false);
    }
  });
});

describe("partOf()", () => {
  it("takes records to be of one size", () => {
    expect(partOf(entry, { from: 12, to: 15 })).toMatchObject({ count: 3, bytes: 300 });
    expect(partOf(entry, { from: 10, to: 20 })).toBe(entry);
  });
});

describe("without()", () => {
  it("leaves what no other range holds", () => {
    const taken = [{ from: 0, to: 3 }, { from: 5, to: 6 }, { from: 6, to: 8 }, {
      from: 12,
      to: 99,
    }];
    expect(without({ from: 2, to: 20 }, taken)).toEqual([{ from: 3, to: 5 }, { from: 8, to: 12 }]);
    expect(without({ from: 5, to: 8 }, taken)).toEqual([]);
    expect(without({ from: 1, to: 2 }, [])).toEqual([{ from: 1, to: 2 }]);
  });
});
