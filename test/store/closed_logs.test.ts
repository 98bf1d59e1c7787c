/** A second copy of what the catalogue alone would know; damaged, cut, full, lost. */
import { describe, expect, it } from "vitest";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import type { AnnouncedLogRow } from "../../src/store/catalogue.ts";
import { CLOSED_LOGS_PATH, ClosedLogs } from "../../src/store/closed_logs.ts";
import { testCore } from "../support/core.ts";
import { diceOf } from "../support/dice.ts";
import { MemoryCatalogue } from "../support/memory_catalogue.ts";
import { SimulatedDisk, type Snapshot } from "../support/simulated_disk.ts";
import { openStore } from "../support/stores.ts";

const core = testCore();

function rowOf(logId: string, closed: string | null = `{"to":9}`): AnnouncedLogRow {
  const target = { targetTopic: "t", targetPartition: 0, closed };
  const chain = { firstOffset: 0, predecessor: null, predecessorEnd: 0, root: logId };
  return { logId, peer: "p", gateway: "g", topic: "t", partition: 0, ...chain, ...target };
}

const open = (disk: SimulatedDisk) =>
  new ClosedLogs({ disk, crc32c: (bytes) => core.crc32c(bytes), logger: SILENT_LOGGER });

/** Opened again with an empty catalogue: what it restores. */
async function kept(disk: SimulatedDisk): Promise<string[]> {
  const logs = open(disk);
  const rows = logs.complete([], () => Promise.resolve());
  await logs.close();
  return rows.map(({ logId }) => logId);
}

describe("ClosedLogs", () => {
  it("keeps closed logs, and no others, for a catalogue that lost them", async () => {
    const disk = new SimulatedDisk();
    const logs = open(disk);
    await Promise.all([logs.add([rowOf("a"), rowOf("open", null)]), logs.add([rowOf("b")])]);
    await logs.add([rowOf("a", `{"to":12}`)]);
    await logs.close();
    const again = open(disk);
    const restored: AnnouncedLogRow[] = [];
    const rows = again.complete([rowOf("b")], (lost) => {
      restored.push(...lost);
      return Promise.resolve();
    });
    expect(rows.map(({ logId, closed }) => [logId, closed])).toEqual([
      ["b", `{"to":9}`],
      ["a", `{"to":12}`],
    ]);
    expect(restored.map(({ logId }) => logId)).toEqual(["a"]);
    await again.close();
  });

  it("takes over what only the catalogue knows yet", async () => {
    const disk = new SimulatedDisk();
    const logs = open(disk);
    logs.complete([rowOf("a"), rowOf("b", null)], () => Promise.resolve());
    await logs.close();
    expect(await kept(disk)).toEqual(["a"]);
  });

  it("loses one log at most to damage, none that the catalogue knows, and cuts a torn end", async () => {
    const disk = new SimulatedDisk();
    const logs = open(disk);
    await logs.add(["a", "b", "c", "d"].map((id) => rowOf(id)));
    await logs.close();
    const size = disk.contents(CLOSED_LOGS_PATH).length;
    disk.flipBit(CLOSED_LOGS_PATH, Math.floor(size / 4) + 40, 3);
    const again = open(disk);
    const rows = again.complete([rowOf("b")], () => Promise.resolve());
    expect(rows.map(({ logId }) => logId).sort()).toEqual(["a", "b", "c", "d"]);
    await again.close();
    expect((await kept(disk)).sort()).toEqual(["a", "b", "c", "d"]);

    disk.overwrite(CLOSED_LOGS_PATH, disk.contents(CLOSED_LOGS_PATH).slice(0, -3));
    const torn = open(disk);
    torn.complete([], () => Promise.resolve());
    await torn.add([rowOf("e")]);
    await torn.close();
    expect(await kept(disk)).toHaveLength(4);
  });

  it("says so when it cannot write, and goes on in a new file once a sync works again", async () => {
    const disk = new SimulatedDisk();
    const logs = open(disk);
    await logs.add([rowOf("a")]);
    disk.syncFault = () => "fail";
    await expect(logs.add([rowOf("b")])).rejects.toMatchObject({ code: "storage_failed" });
    await expect(logs.add([rowOf("b")])).rejects.toMatchObject({ code: "storage_failed" });
    disk.syncFault = null;
    const images: Snapshot[] = [];
    disk.onStep = () => images.push(disk.snapshot());
    await logs.add([rowOf("c")]);
    disk.onStep = null;
    await logs.add([rowOf("d")]);
    await logs.close();
    expect(await kept(disk)).toEqual(["a", "c", "d"]);
    expect(images.length).toBeGreaterThan(6);
    for (const [at, image] of images.entries()) {
      for (let seed = 0; seed < 10; seed++) {
        const rows = await kept(SimulatedDisk.crashed(image, diceOf(100 * at + seed)));
        expect(rows, `step ${at}, seed ${seed}`).toContain("a");
      }
    }
  });
});

it("a store knows closed logs though its catalogue was lost", async () => {
  const disk = new SimulatedDisk();
  const { store, world } = await openStore({ disk });
  const log = (logId: string, predecessor: string | null) => ({
    ...{ logId, peer: "gw", gateway: "gw", topic: "t", partition: 0, predecessor, root: A },
    ...{ firstOffset: predecessor === null ? 0 : 5, predecessorEnd: predecessor === null ? 0 : 5 },
  });
  await store.ranges.announce(log(A, null));
  store.ranges.note(A, 0, 5);
  store.ranges.settle(A, { from: 0, to: 5 }, true, 5);
  await store.ranges.announce(log(B, A));
  await store.checkpoint();
  await store.close();
  const { store: again } = await openStore({ ...world, catalogue: new MemoryCatalogue() });
  expect(again.ranges.watermarkOf(A)).toBe(5);
  expect(again.ranges.get(A)).toMatchObject({ closed: true, peer: "gw" });
  await again.close();
});

const A = "00000000000000a1";
const B = "00000000000000b2";
