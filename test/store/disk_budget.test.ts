import { describe, expect, it } from "vitest";
import { DiskBudget } from "../../src/store/disk_budget.ts";
import { HandClock } from "../support/hand_clock.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";

const MIB = 1024 * 1024;

function open(budgetBytes: number | null, capacityBytes: number, used = 0) {
  const disk = new SimulatedDisk();
  disk.capacityBytes = capacityBytes;
  const clock = new HandClock();
  const holds = { bytes: used };
  const usedBytes = () => holds.bytes;
  const budget = new DiskBudget({ disk, clock, budgetBytes, headroomBytes: 64 * MIB, usedBytes });
  return { budget, clock, disk, holds };
}

describe("DiskBudget", () => {
  it("leaves the headroom to the books, and the budget to what is there", () => {
    expect(open(null, 1_000 * MIB).budget.roomBytes).toBe(936 * MIB);
    expect(open(50 * MIB, 1_000 * MIB, 20 * MIB).budget.roomBytes).toBe(30 * MIB);
    expect(open(900 * MIB, 492 * MIB, 20 * MIB).budget.roomBytes).toBe(428 * MIB);
  });

  it("leaves an eighth of a small disk to the books, whatever the headroom", () => {
    expect(open(null, 48 * MIB).budget.roomBytes).toBe(42 * MIB);
    const { budget, disk, clock, holds } = open(null, 48 * MIB);
    // Somebody else fills it to the last byte.
    holds.bytes = 24 * MIB;
    disk.capacityBytes = 0;
    clock.advance(10);
    expect(budget.roomBytes).toBe(-3 * MIB);
    expect(budget.capacityBytes).toBe(21 * MIB);
  });

  it("counts what is committed at once, and looks at the disk now and then", () => {
    const { budget, clock, disk } = open(null, 600 * MIB);
    expect(budget.roomBytes).toBe(536 * MIB);
    budget.advanced({ bytes: 540 * MIB });
    expect(budget.roomBytes).toBe(-4 * MIB);
    disk.capacityBytes = 800 * MIB;
    clock.advance(10);
    expect(budget.roomBytes).toBe(736 * MIB);
  });

  it("begins to evict ahead of the line, and keeps segments small on a small disk", () => {
    expect(open(null, 10_000 * MIB).budget.segmentBytesMax(10)).toBe(
      Math.floor((10_000 - 64) * MIB / 40),
    );
    const { budget } = open(8 * MIB, 1_000 * MIB);
    expect(budget.segmentBytesMax(1)).toBe(2 * MIB);
    expect(budget.segmentBytesMax(2_000)).toBe(64 * 1024);
    expect(budget.aheadBytes).toBe(MIB);
    expect(budget.refusal("logs")).toMatchObject({ code: "storage_full", retriable: true });
  });
});
