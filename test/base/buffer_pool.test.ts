import { describe, expect, it } from "vitest";
import { BufferPool } from "../../src/base/buffer_pool.ts";

const poolOf = () => new BufferPool({ keptMax: 3, bytesMin: 100 });

describe("BufferPool", () => {
  it("gives a buffer again that was given back, whole, and to one at a time", () => {
    const pool = poolOf();
    const first = pool.take(1_000);
    expect(first).toHaveLength(1_000);
    pool.give(first.subarray(0, 200));
    const again = pool.take(800);
    expect(again.buffer).toBe(first.buffer);
    expect(again).toHaveLength(1_000);
    expect(pool.take(800).buffer).not.toBe(first.buffer);
  });

  it("gives none that is too small", () => {
    const pool = poolOf();
    pool.give(pool.take(100));
    expect(pool.take(101)).toHaveLength(101);
    expect(pool.take(1)).toHaveLength(100);
  });

  it("keeps a few, and none that is much larger than what it was used for", () => {
    const pool = poolOf();
    pool.give(new Uint8Array(1_000).subarray(0, 100));
    expect(pool.take(1)).toHaveLength(100);
    for (let size = 1_001; size <= 1_005; size++) pool.give(new Uint8Array(size));
    const taken = [1, 2, 3, 4].map(() => pool.take(1).length);
    expect(taken).toEqual([1_005, 1_004, 1_003, 100]);
  });
});
