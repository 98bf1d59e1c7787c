/** A partition out of reach: the node serves the others, and the next start finds all of it. */
import { describe, expect, it } from "vitest";
import { OperatingError } from "../../src/base/errors.ts";
import type { Checkpoint } from "../../src/format/checkpoint.ts";
import { carriedPartitions } from "../../src/store/carried_partitions.ts";
import { readAll } from "../support/log_harness.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";
import { append, openStore } from "../support/stores.ts";

function outOfReach(disk: SimulatedDisk, directory: string): () => void {
  const list = disk.list.bind(disk);
  disk.list = (path) => {
    if (path === directory) {
      throw new OperatingError("storage_failed", `Cannot list ${path}: EIO`, { path });
    }
    return list(path);
  };
  return () => disk.list = list;
}

describe("a directory that cannot be listed", () => {
  it("is refused, does not stop the start, and is found again as it was", async () => {
    const disk = new SimulatedDisk();
    const { store, world } = await openStore({ disk, hasUpstream: true });
    for (const name of ["logs", "other"]) {
      const { partitions: [log] } = await store.createTopic(name);
      for (let at = 0; at < 5; at++) await append(store, log!, [`${name} ${at}`]);
    }
    await store.close();
    const mend = outOfReach(disk, "logs-0");
    // Twice: its place in the checkpoints must outlast runs without it.
    for (let run = 0; run < 2; run++) {
      const { store: without } = await openStore(world);
      expect(without.refusalOf("logs")).toMatchObject({ code: "storage_failed" });
      await expect(without.createTopic("logs")).rejects.toThrow(/Cannot list logs-0: EIO/);
      const other = without.topic("other")!.partitions[0]!;
      expect((await readAll(without.core, other)).values).toHaveLength(5 + run);
      await append(without, other, ["more"]);
      await without.checkpoint();
      await without.checkpoint();
      expect([...without.ledger.entries()]).toEqual([]);
      await without.close();
    }
    mend();
    // Bytes are read from the recovery point on: what the checkpoint says was not forgotten.
    disk.readBytes = 0;
    const { store: again } = await openStore(world);
    const log = again.topic("logs")!.partitions[0]!;
    expect((await readAll(again.core, log)).values).toHaveLength(5);
    expect(log.gaps).toEqual([]);
    expect(again.logs.chain("logs", 0)).toHaveLength(1);
    await again.close();
  });

  it("of a topic the catalogue does not know is refused, too", async () => {
    const disk = new SimulatedDisk();
    const { store } = await openStore({ disk });
    await append(store, (await store.createTopic("logs")).partitions[0]!, ["a"]);
    await store.close();
    outOfReach(disk, "logs-0");
    const { store: again } = await openStore({ disk });
    expect(again.topics()).toEqual([]);
    expect(again.refusalOf("logs")!.message).toMatch(/make its directory readable/);
    await again.close();
  });
});

it("carries only what is out of reach", () => {
  const partition = {
    ...{ logStartOffset: 0, recoveryPoint: 7, recoverySegment: 0, recoveryPosition: 9 },
    ...{ epochs: [], gaps: [], segments: [] },
  };
  const checkpoint = {
    partitions: new Map([["a-0", partition], ["b-0", partition]]),
    ownLogs: new Map(),
  } as unknown as Checkpoint;
  const carried = carriedPartitions(checkpoint, (topic) => topic === "a");
  expect([...carried.keys()]).toEqual(["a-0"]);
  expect(carried.get("a-0")!.recoveryPoint).toBe(7);
  expect(carriedPartitions(null, () => true).size).toBe(0);
});
