/** What the core finds is what the plainest filter finds among the decoded records. */
import { describe, expect, it } from "vitest";
import { utf8, viewOf } from "../../src/base/bytes.ts";
import { isOperatingError } from "../../src/base/errors.ts";
import type { DecodedRecord, RecordHeader } from "../../src/core/record.ts";
import type { FilterTerms } from "../../src/core/record_sieve.ts";
import { testCore } from "../support/core.ts";
import { ANYTHING, isWanted } from "../support/filter_oracle.ts";
import { seededRandom } from "../support/mutations.ts";

const core = testCore();
const STAMP = { baseOffset: 1_000, leaderEpoch: 1, logId: "0000000000000abc" } as const;
type Parts = Partial<Omit<DecodedRecord, "offset">>;

function batchOf(records: readonly Parts[], compression: "none" | "lz4" = "none"): Uint8Array {
  core.discard(0);
  for (const { timestamp = 5_000, key = null, value = null, headers = [] } of records) {
    expect(core.append(0, { timestamp, key, value, headers })).toBe("ok");
  }
  return core.seal(0, { ...STAMP, compression });
}

function find(batch: Uint8Array, terms: Partial<FilterTerms>, from = 0, recordsMax = 1e6) {
  return core.filter(batch, { terms: { ...ANYTHING, ...terms }, from, recordsMax });
}

const offsets = (found: readonly DecodedRecord[]) => found.map(({ offset }) => offset - 1_000);

describe("filter()", () => {
  it("compares the key whole, and never with null", () => {
    const batch = batchOf([{ key: utf8("k") }, { key: utf8("k2") }, {}, { key: utf8("") }]);
    expect(offsets(find(batch, { key: utf8("k") }))).toEqual([0]);
    expect(offsets(find(batch, { key: utf8("") }))).toEqual([3]);
    expect(offsets(find(batch, {}))).toEqual([0, 1, 2, 3]);
  });

  it("takes a header that stands twice by either value, and asks for all names", () => {
    const headers: RecordHeader[] = [["a", utf8("1")], ["a", utf8("2")], ["b", null]];
    const batch = batchOf([{ headers }, { headers: [["a", utf8("2")], ["b", utf8("")]] }]);
    const wanted = (...pairs: [string, string][]) => ({
      headers: pairs.map(([name, value]) => ({ name: utf8(name), value: utf8(value) })),
    });
    expect(offsets(find(batch, wanted(["a", "1"])))).toEqual([0]);
    expect(offsets(find(batch, wanted(["a", "2"])))).toEqual([0, 1]);
    expect(offsets(find(batch, wanted(["a", "2"], ["b", ""])))).toEqual([1]);
    expect(offsets(find(batch, wanted(["a", "12"])))).toEqual([]);
    expect(offsets(find(batch, wanted(["aa", "1"])))).toEqual([]);
  });

  it("finds a part wherever it stands in the value, and not across values or in keys", () => {
    const value = utf8("abcdefghijklmnopqrstuvwxyz0123456789".repeat(3));
    for (let from = 0; from < value.length; from += 7) {
      for (const size of [1, 2, 15, 16, 17, 31, 33, value.length - from]) {
        const contains = value.slice(from, from + size);
        expect(offsets(find(batchOf([{ value }]), { contains }))).toEqual([0]);
      }
    }
    const batch = batchOf([{ value: utf8("xxne") }, { key: utf8("needle"), value: utf8("edle") }]);
    expect(find(batch, { contains: utf8("needle") })).toEqual([]);
    expect(offsets(find(batch, { contains: utf8("ed") }))).toEqual([1]);
    expect(find(batchOf([{ value: utf8("aaab") }]), { contains: utf8("aab") })).toHaveLength(1);
    expect(find(batchOf([{ value: utf8("short") }]), { contains: utf8("shorter") })).toEqual([]);
  });

  it("includes since and excludes until, and takes a broker's stamp for all of its batch", () => {
    const batch = batchOf([{ timestamp: 3 }, { timestamp: 1 }, { timestamp: 2 }]);
    expect(offsets(find(batch, { since: 2 }))).toEqual([0, 2]);
    expect(offsets(find(batch, { until: 2 }))).toEqual([1]);
    expect(offsets(find(batch, { since: 1, until: 3 }))).toEqual([1, 2]);
    viewOf(batch).setInt16(21, 0x08);
    expect(offsets(find(batch, { since: 3 }))).toEqual([0, 1, 2]);
    expect(find(batch, { until: 3 })).toEqual([]);
  });

  it("begins at an offset, and ends with enough", () => {
    const batch = batchOf(Array.from({ length: 10 }, () => ({ value: utf8("v") })));
    expect(offsets(find(batch, {}, 1_007))).toEqual([7, 8, 9]);
    expect(offsets(find(batch, {}, 1_002, 3))).toEqual([2, 3, 4]);
    expect(offsets(find(batch, {}, 1_008, Infinity))).toEqual([8, 9]);
    expect(find(batch, {}, 1_010)).toEqual([]);
    expect(find(batch, {}, 0, 0)).toEqual([]);
  });

  it("gives records with bytes of their own: none keeps its batch in memory", () => {
    const batch = batchOf([{ value: utf8("v".repeat(5_000)) }, { value: utf8("small") }], "lz4");
    const [found] = find(batch, { contains: utf8("small") });
    expect(found!.value!.buffer.byteLength).toBeLessThan(100);
  });

  it("refuses what cannot be read, and of a control batch finds nothing", () => {
    const batch = batchOf([{ value: utf8("one") }, { value: utf8("two") }]);
    const broken = batch.slice();
    broken[broken.length - 5]! ^= 0xff;
    try {
      find(broken, { key: utf8("k") });
      expect.unreachable();
    } catch (error) {
      expect(isOperatingError(error, "corrupt_batch")).toBe(true);
    }
    viewOf(batch).setInt16(21, 0x20);
    expect(find(batch, {})).toEqual([]);
  });

  it("agrees with the plainest filter on records and filters at random", () => {
    const random = seededRandom();
    const pick = <T>(from: readonly T[]): T => from[random.below(from.length)]!;
    const word = () =>
      utf8(Array.from({ length: random.below(40) }, () => pick(["a", "b", "ab", "é"])).join(""));
    const orNull = (make: () => Uint8Array) => random.below(4) === 0 ? null : make();
    const few = () => pick([utf8(""), utf8("k"), utf8("k2"), utf8("a".repeat(20))]);
    for (let nth = 0; nth < 300; nth++) {
      const records = Array.from({ length: 1 + random.below(nth % 50 === 0 ? 9_000 : 60) }, () => ({
        timestamp: 1_000 + random.below(20),
        key: orNull(few),
        value: orNull(word),
        headers: Array.from(
          { length: random.below(4) },
          (): RecordHeader => [pick(["h", "hh", "x"]), orNull(few)],
        ),
      }));
      const batch = batchOf(records, pick(["none", "lz4"] as const));
      const terms: FilterTerms = {
        key: random.below(2) ? null : few(),
        headers: random.below(2) ? [] : [{ name: utf8(pick(["h", "x"])), value: few() }],
        contains: random.below(3) ? null : utf8(pick(["a", "ab", "bab", "é", "aaé", "abababab"])),
        since: random.below(3) ? null : 1_000 + random.below(20),
        until: random.below(3) ? null : 1_000 + random.below(20),
      };
      const from = 1_000 + random.below(records.length);
      const wanted = core.decode(batch)
        .filter((record) => record.offset >= from && isWanted(record, terms));
      expect(find(batch, terms, from), `LOGBOOM_SEED=${random.seed}, ${nth}`).toEqual(wanted);
    }
  });
});
