/** When checkpoints are written, and that what they hold is of one moment. */
import { describe, expect, it } from "vitest";
import { CheckpointFiles } from "../../src/store/checkpoint.ts";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";
import { append, openStore } from "../support/stores.ts";

const settled = () => new Promise((resolve) => setTimeout(resolve, 10));

async function open(checkpointBytes: number) {
  const disk = new SimulatedDisk();
  const { store, world } = await openStore({ disk, settings: { checkpointBytes } });
  const topic = await store.createTopic("logs", { compressionType: "none" });
  const crc32c = (bytes: Uint8Array) => world.core.crc32c(bytes);
  const newest = () => new CheckpointFiles({ disk, crc32c, logger: SILENT_LOGGER }).loaded;
  return { store, world, disk, newest, log: topic.partitions[0]! };
}

describe("Checkpointer", () => {
  it("writes when enough was committed, and not before", async () => {
    const { store, newest, log } = await open(10_000);
    await append(store, log, ["x".repeat(1_000)]);
    await settled();
    expect(newest()).toBeNull();
    for (let at = 0; at < 12; at++) await append(store, log, ["x".repeat(1_000)]);
    await settled();
    expect(newest()!.partitions.get("logs-0")!.recoveryPoint).toBeGreaterThan(8);
  });

  it("writes when it has gone quiet, once", async () => {
    const { store, world, newest, log } = await open(1_000_000);
    await append(store, log, ["a"]);
    world.clock.advance(1_100);
    await settled();
    expect(newest()!.partitions.get("logs-0")!.recoveryPoint).toBe(1);
    const { generation } = newest()!;
    world.clock.advance(5_000);
    await settled();
    expect(newest()!.generation).toBe(generation);
  });

  it("does not write each second under a trickle", async () => {
    const { store, world, newest, log } = await open(1_000_000);
    const trickle = async (seconds: number) => {
      for (let at = 0; at < seconds; at++) {
        await append(store, log, ["a"]);
        world.clock.advance(1_000);
        await settled();
      }
    };
    await trickle(25);
    expect(newest()!.generation).toBe(1);
    await trickle(25);
    expect(newest()!.generation).toBe(2);
    expect(newest()!.partitions.get("logs-0")!.recoveryPoint).toBeGreaterThan(25);
  });

  it("does write soon after another where readers wait for it", async () => {
    const { store, world, newest, log } = await open(1_000_000);
    await append(store, log, ["a"]);
    world.clock.advance(1_100);
    await settled();
    const logId = "00000000000000a1";
    await store.ranges.announce({
      ...{ logId, peer: "p", gateway: "site", topic: "logs", partition: 0, firstOffset: 0 },
      ...{ predecessor: null, predecessorEnd: 0, root: logId },
    });
    store.ranges.note(logId, 5, 6);
    store.ranges.settle(logId, { from: 5, to: 6 }, true, 1);
    await store.ranges.skipRun(logId, [{ from: 0, to: 5, reason: "void", loss: null }], {});
    expect(newest()!.generation).toBe(1);
    world.clock.advance(1_100);
    await settled();
    expect(newest()!.ranges[0]!.order!.splices).toMatchObject([{ from: 5, to: 6, mergedAt: 1 }]);
  });

  it("tries again after a failure, and goes on from the generation that stands", async () => {
    const { store, world, disk, newest, log } = await open(1_000_000);
    await store.checkpoint();
    await append(store, log, ["a"]);
    disk.syncFault = (path) => path.startsWith("checkpoint") ? "fail" : null;
    world.clock.advance(1_100);
    await settled();
    disk.syncFault = null;
    expect(newest()!.partitions.get("logs-0")!.recoveryPoint).toBe(0);
    world.clock.advance(1_100);
    await settled();
    expect(newest()!.partitions.get("logs-0")!.recoveryPoint).toBe(1);
  });

  it("covers what is durable now in both generations when asked to", async () => {
    const { store, world, disk, log } = await open(1_000_000);
    await append(store, log, ["a", "b"]);
    await store.checkpoint();
    await store.checkpoint();
    const crc32c = (bytes: Uint8Array) => world.core.crc32c(bytes);
    const files = new CheckpointFiles({ disk, crc32c, logger: SILENT_LOGGER });
    expect(files.coveredBelow("logs-0")).toBe(2);
  });
});
