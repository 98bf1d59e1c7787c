/** The simulated disk keeps the contract of every disk, and breaks as it says. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { describeDisk } from "../contract/disk.ts";
import { diceOf } from "./dice.ts";
import { SimulatedDisk } from "./simulated_disk.ts";

describeDisk("simulated", () => ({ disk: new SimulatedDisk(), close: () => {} }));

/** What is left of file "a" after many crashes, as a set. */
function afterCrashes(disk: SimulatedDisk, crashes = 300): Set<string> {
  const outcomes = new Set<string>();
  for (let seed = 0; seed < crashes; seed++) {
    const crashed = SimulatedDisk.crashed(disk.snapshot(), diceOf(seed));
    outcomes.add(crashed.exists("a") ? new TextDecoder().decode(crashed.contents("a")) : "none");
  }
  return outcomes;
}

describe("SimulatedDisk.crashed()", () => {
  it("keeps what was synced, and its directory entry once that was", async () => {
    const disk = new SimulatedDisk();
    const file = disk.open("a", { create: true });
    file.writeAt(0, utf8("safe"));
    await file.sync();
    expect([...afterCrashes(disk)].sort()).toEqual(["none", "safe"]);
    await disk.syncDirectory("");
    expect([...afterCrashes(disk)]).toEqual(["safe"]);
  });

  it("drops, applies or reorders unsynced writes", async () => {
    const disk = new SimulatedDisk();
    const file = disk.open("a", { create: true });
    file.writeAt(0, utf8("--"));
    await file.sync();
    await disk.syncDirectory("");
    file.writeAt(0, utf8("1"));
    file.writeAt(1, utf8("2"));
    expect([...afterCrashes(disk)].sort()).toEqual(["--", "-2", "1-", "12"]);
  });

  it("tears a write at its sectors", async () => {
    const disk = new SimulatedDisk();
    const file = disk.open("a", { create: true });
    file.writeAt(0, new Uint8Array(1536).fill(45));
    await file.sync();
    await disk.syncDirectory("");
    file.writeAt(0, new Uint8Array(1536).fill(43));
    const outcomes = [...afterCrashes(disk)].map((text) =>
      [0, 512, 1024].map((at) => new Set(text.slice(at, at + 512)).size === 1 ? text[at] : "?")
        .join("")
    );
    expect(outcomes.sort()).toEqual(["+++", "++-", "+-+", "+--", "-++", "-+-", "--+", "---"]);
  });

  it("lets a sync lie, or fail and drop its pages for good", async () => {
    const disk = new SimulatedDisk();
    const file = disk.open("a", { create: true });
    await disk.syncDirectory("");
    disk.syncFault = () => "fail";
    file.writeAt(0, utf8("gone"));
    await expect(file.sync()).rejects.toMatchObject({ code: "storage_failed" });
    expect([...afterCrashes(disk)]).toEqual([""]);
    expect(new TextDecoder().decode(disk.contents("a"))).toBe("gone");
    disk.syncFault = () => "lie";
    const other = disk.open("b", { create: true });
    other.writeAt(0, utf8("x"));
    await other.sync();
    await disk.syncDirectory("");
    expect(afterCrashes(disk).has("")).toBe(true);
  });

  it("fills up at its capacity, and writes what fits", () => {
    const disk = new SimulatedDisk();
    disk.capacityBytes = 6;
    const file = disk.open("a", { create: true });
    file.writeAt(0, utf8("1234"));
    expect(disk.freeBytes()).toBe(2);
    expect(() => file.writeAt(4, utf8("5678"))).toThrow(/no space left/);
    expect(file.size()).toBe(6);
  });
});

describe("SimulatedDisk.holdSyncs()", () => {
  it("says that syncs are slow meanwhile: one on the event loop could not be held", async () => {
    const disk = new SimulatedDisk();
    const file = disk.open("a", { create: true });
    const release = disk.holdSyncs();
    expect(disk.slowSyncs).toBe(true);
    const syncing = file.sync();
    release();
    await syncing;
    expect(disk.slowSyncs).toBe(false);
  });
});

describe("SimulatedDisk.killed()", () => {
  it("keeps the page cache, unsynced", async () => {
    const disk = new SimulatedDisk();
    const file = disk.open("a", { create: true });
    await disk.syncDirectory("");
    file.writeAt(0, utf8("x"));
    const killed = SimulatedDisk.killed(disk.snapshot());
    expect(new TextDecoder().decode(killed.contents("a"))).toBe("x");
    expect(afterCrashes(killed).has("")).toBe(true);
  });
});
