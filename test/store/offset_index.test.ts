import { expect, it } from "vitest";
import { INDEX_TRAILER_SIZE, OFFSET_ENTRY_SIZE } from "../../src/format/index_entry.ts";
import { OffsetIndex } from "../../src/store/offset_index.ts";

function sample(): OffsetIndex {
  const index = new OffsetIndex(1_000);
  index.add(1_000, 0);
  index.add(1_010, 65_536);
  index.add(5_000, 200_000);
  return index;
}

it("floor() finds the last entry at or below an offset", () => {
  const index = sample();
  const found = [999, 1_000, 1_009, 1_010, 4_999, 5_000, 9_999].map((offset) =>
    index.floor(offset)
  );
  expect(found).toEqual([-1, 0, 0, 1, 1, 2, 2]);
  expect(index.entry(1)).toEqual({ offset: 1_010, position: 65_536 });
});

it("decode() reads what encode() wrote", () => {
  const file = sample().encode();
  expect(file.length).toBe(3 * OFFSET_ENTRY_SIZE + INDEX_TRAILER_SIZE);
  const index = OffsetIndex.decode(file, 3, 1_000);
  expect(index?.entry(2)).toEqual({ offset: 5_000, position: 200_000 });
});

it("decode() refuses entries that do not rise", () => {
  const file = sample().encode();
  file.copyWithin(OFFSET_ENTRY_SIZE, 0, OFFSET_ENTRY_SIZE);
  expect(OffsetIndex.decode(file, 3, 1_000)).toBe(null);
});

it("truncate() drops what lies at or behind a position", () => {
  const index = sample();
  index.truncate(65_536);
  expect(index.length).toBe(1);
  index.add(1_020, 66_000);
  expect(index.entry(1)).toEqual({ offset: 1_020, position: 66_000 });
});

it("add() takes no entry at or below the last position", () => {
  expect(() => sample().add(6_000, 200_000)).toThrow(/index entries rise/);
});
