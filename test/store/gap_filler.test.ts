/**
 * Batches put back where damage was. Method: a log of batches, some damaged, the file's own bytes as
 * what comes back; and a crash at every step of it.
 */
import { describe, expect, it } from "vitest";
import { readBatchHeader } from "../../src/format/record_batch.ts";
import { MemoryCatalogue } from "../support/memory_catalogue.ts";
import { readAll } from "../support/log_harness.ts";
import { diceOf } from "../support/dice.ts";
import { SimulatedDisk, type Snapshot } from "../support/simulated_disk.ts";
import { append, openStore } from "../support/stores.ts";

const SEGMENT = "logs-0/00000000000000000000.log";

const bytesOf = (disk: SimulatedDisk) => disk.contents(SEGMENT);

function batchesIn(bytes: Uint8Array): Uint8Array[] {
  const batches: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const { sizeBytes } = readBatchHeader(bytes, at);
    batches.push(bytes.slice(at, at + sizeBytes));
    at += sizeBytes;
  }
  return batches;
}

/** Six batches of one record; `roll` closes the segment before that one. */
async function sixBatches(roll = -1) {
  const disk = new SimulatedDisk();
  const catalogue = new MemoryCatalogue();
  const { store, world } = await openStore({ disk, catalogue });
  const { partitions: [log] } = await store.createTopic("logs");
  for (let at = 0; at < 6; at++) {
    if (at === roll) await log!.roll();
    await append(store, log!, [`record ${at}`]);
  }
  await store.close();
  return { world, disk, whole: batchesIn(bytesOf(disk)) };
}

function damage(disk: SimulatedDisk, whole: readonly Uint8Array[], numbers: readonly number[]) {
  const bytes = bytesOf(disk);
  for (const number of numbers) {
    const before = whole.slice(0, number).reduce((sum, { length }) => sum + length, 0);
    bytes[before + 65]! ^= 1;
  }
  disk.overwrite(SEGMENT, bytes);
}

const values = async (store: Awaited<ReturnType<typeof openStore>>["store"]) =>
  (await readAll(store.core, store.topic("logs")!.partitions[0]!)).values;
const ALL = [0, 1, 2, 3, 4, 5].map((at) => `record ${at}`);

describe("GapFiller.fill()", () => {
  it("puts batches back into the bytes that were damaged, as they were", async () => {
    const { world, disk, whole } = await sixBatches();
    const before = bytesOf(disk);
    damage(disk, whole, [2, 3]);
    const { store } = await openStore(world, { deep: true });
    const log = store.topic("logs")!.partitions[0]!;
    expect(log.gaps).toEqual([{ from: 2, to: 4, reason: "corrupt" }]);
    expect(await log.filler.fill([whole[2]!, whole[3]!])).toEqual({ from: 2, to: 4 });
    expect(log.gaps).toEqual([]);
    expect(bytesOf(disk)).toEqual(before);
    expect(await values(store)).toEqual(ALL);
    await store.close();
    const { store: again } = await openStore(world, { deep: true });
    expect(await values(again)).toEqual(ALL);
  });

  it("puts back those at the head, and leaves the rest of the damage", async () => {
    const { world, disk, whole } = await sixBatches();
    damage(disk, whole, [2, 3]);
    const { store } = await openStore(world, { deep: true });
    const log = store.topic("logs")!.partitions[0]!;
    expect(await log.filler.fill([whole[2]!])).toEqual({ from: 2, to: 3 });
    expect(log.gaps).toEqual([{ from: 3, to: 4, reason: "corrupt" }]);
    expect(await values(store)).toHaveLength(5);
    expect(await log.filler.fill([whole[3]!])).toEqual({ from: 3, to: 4 });
    expect(await values(store)).toEqual(ALL);
    await store.close();
  });

  it("takes nothing that would not fit, or is not in a gap", async () => {
    const { world, disk, whole } = await sixBatches();
    damage(disk, whole, [2]);
    const { store } = await openStore(world, { deep: true });
    const log = store.topic("logs")!.partitions[0]!;
    const longer = new Uint8Array([...whole[2]!, 0]);
    new DataView(longer.buffer).setInt32(8, whole[2]!.length + 1 - 12);
    expect(await log.filler.fill([longer])).toBeNull();
    expect(await log.filler.fill([whole[4]!])).toBeNull();
    expect(log.gaps).toHaveLength(1);
    await store.close();
  });

  it("goes on where a sealed segment lost its end, and makes a lost file anew", async () => {
    const short = await sixBatches(3);
    const kept = short.whole[0]!.length + 20;
    short.disk.overwrite(SEGMENT, bytesOf(short.disk).slice(0, kept));
    const gone = await sixBatches(3);
    gone.disk.remove(SEGMENT);
    for (const [{ world, whole }, from] of [[short, 1], [gone, 0]] as const) {
      const { store } = await openStore(world, { deep: true });
      const log = store.topic("logs")!.partitions[0]!;
      expect(log.gaps).toMatchObject([{ from, to: 3 }]);
      expect(await log.filler.fill(whole.slice(from, 3))).toEqual({ from, to: 3 });
      expect(await values(store)).toEqual(ALL);
      await store.close();
      const { store: again } = await openStore(world, { deep: true });
      expect(await values(again)).toEqual(ALL);
      expect(again.topic("logs")!.partitions[0]!.gaps).toEqual([]);
    }
  });

  it("leaves a gap or what was in it, wherever a crash comes", async () => {
    const { world, disk, whole } = await sixBatches();
    damage(disk, whole, [2, 3]);
    const { store } = await openStore(world, { deep: true });
    await store.close();
    const { store: filling } = await openStore(world);
    const moments: Snapshot[] = [];
    disk.onStep = () => moments.push(disk.snapshot());
    await filling.topic("logs")!.partitions[0]!.filler.fill([whole[2]!, whole[3]!]);
    await filling.checkpoint();
    disk.onStep = null;
    moments.push(disk.snapshot());
    expect(moments.length).toBeGreaterThan(4);
    for (const [step, snapshot] of moments.entries()) {
      for (let seed = 1; seed <= 10; seed++) {
        const crashed = SimulatedDisk.crashed(snapshot, diceOf(step * 100 + seed));
        const { store: again } = await openStore({ ...world, disk: crashed });
        const log = again.topic("logs")!.partitions[0]!;
        const message = `step ${step}, seed ${seed}`;
        // Never fewer than before, never anything else.
        expect([4, 6], message).toContain((await values(again)).length);
        const healed = log.gaps.map((gap) => log.filler.heal(gap));
        if (healed.some((range) => range?.to === 4)) expect(await values(again)).toEqual(ALL);
        if (step === moments.length - 1) expect(await values(again), message).toEqual(ALL);
      }
    }
  });
});
