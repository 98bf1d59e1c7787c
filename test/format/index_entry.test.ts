import { expect, it } from "vitest";
import {
  INDEX_TRAILER_SIZE,
  OFFSET_ENTRY_SIZE,
  openIndex,
  sealIndex,
} from "../../src/format/index_entry.ts";
import { testCore } from "../support/core.ts";

const core = testCore();
const checksum = (bytes: Uint8Array) => core.crc32c(bytes);

function sealed(): Uint8Array {
  const file = new Uint8Array(2 * OFFSET_ENTRY_SIZE + INDEX_TRAILER_SIZE);
  file.set([1, 2, 3, 4, 5, 6, 7, 8], 8);
  sealIndex(file, 70_000, checksum);
  return file;
}

it("openIndex() tells what sealIndex() put in", () => {
  expect(openIndex(sealed(), OFFSET_ENTRY_SIZE, checksum)).toEqual({ covered: 70_000, entries: 2 });
});

it("openIndex() refuses an index with any bit flipped, or cut anywhere", () => {
  const whole = sealed();
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const flipped = whole.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    expect(openIndex(flipped, OFFSET_ENTRY_SIZE, checksum), `bit ${bit}`).toBe(null);
  }
  for (let size = 0; size < whole.length; size++) {
    expect(openIndex(whole.slice(0, size), OFFSET_ENTRY_SIZE, checksum), `${size}`).toBe(null);
  }
});
