/** Entries by offset are what a look at all of them would find, however they come and go. */
import { describe, expect, it } from "vitest";
import { LedgerEntries } from "../../src/store/ledger_entries.ts";
import type { LedgerEntry } from "../../src/store/ledger_entry.ts";
import { seededRandom } from "../support/stores.ts";

const LOG = "0123456789abcdef";

function entry(id: number, from: number, to: number, more: Partial<LedgerEntry> = {}): LedgerEntry {
  return {
    ...{ id, logId: LOG, topic: "logs", partition: 0, from, to, count: to - from, bytes: 0 },
    ...{ minTimestamp: -1, maxTimestamp: -1, reason: "evicted", state: "provisional", atMs: 0 },
    ...more,
  };
}

describe("LedgerEntries.standing()", () => {
  it("finds what touches a range, in the order of offsets, also where entries overlap", () => {
    const seed = 7;
    const random = seededRandom(seed);
    const draw = (below: number) => Math.floor(random.next() * below);
    const entries = new LedgerEntries();
    const model = new Map<number, LedgerEntry>();
    for (let step = 0; step < 2_000; step++) {
      if (draw(3) > 0) {
        const from = draw(500);
        const to = from + 1 + (draw(20) === 0 ? draw(200) : draw(4));
        const made = entry(step, from, to, draw(5) === 0 ? { state: "reversed" } : {});
        entries.put(made);
        model.set(step, made);
      } else {
        const id = [...model.keys()][draw(model.size)] ?? 0;
        entries.delete(id);
        model.delete(id);
      }
      const range = { from: draw(500), to: draw(600) };
      const standing = [...model.values()].filter(({ state }) => state !== "reversed")
        .sort((a, b) => a.from - b.from);
      const touching = standing.filter(({ from, to }) => from < range.to && range.from < to);
      expect(entries.standing(LOG, range), `seed ${seed}, step ${step}`).toEqual(touching);
      expect(entries.standing(LOG)).toEqual(standing);
    }
    expect(entries.size).toBe(model.size);
    expect([...entries.values()]).toEqual([...model.values()]);
  });

  it("gives what stays as it is, whatever comes and goes meanwhile", () => {
    const entries = new LedgerEntries();
    for (let id = 0; id < 3; id++) entries.put(entry(id, id, id + 1));
    const seen: number[] = [];
    for (const { id } of entries.standing(LOG)) {
      seen.push(id);
      entries.delete(id);
    }
    expect(seen).toEqual([0, 1, 2]);
    expect(entries.standing(LOG)).toEqual([]);
    expect(entries.standing(null)).toEqual([]);
  });
});

describe("LedgerEntries.toldOf()", () => {
  it("asks nobody's records in one partition only, and what is provisional", () => {
    const entries = new LedgerEntries();
    entries.put(entry(1, 0, 4));
    entries.put(entry(2, 4, 8, { state: "final" }));
    entries.put(entry(3, 0, 4, { logId: null }));
    entries.put(entry(4, 0, 4, { logId: null, partition: 1 }));
    const words = [{ logId: LOG, from: 0, to: 2, lacking: [] }, {
      ...{ logId: LOG, from: 2, to: 8 },
      lacking: [],
    }];
    const told = entries.toldOf(words, { topic: "logs", partition: 0 });
    expect(Array.from(told, ([{ id }, each]) => [id, each.length])).toEqual([[1, 2], [3, 2]]);
  });
});

describe("LedgerEntries.neighbours()", () => {
  it("joins what lies side by side, but for what is leaving", () => {
    const entries = new LedgerEntries();
    for (let id = 0; id < 6; id++) entries.put(entry(id, id, id + 1));
    const { remove, entries: joined } = entries.neighbours(({ id }) => id === 3);
    expect(remove).toEqual([0, 1, 2, 4, 5]);
    expect(joined.map(({ from, to }) => [from, to])).toEqual([[0, 3], [4, 6]]);
  });
});
