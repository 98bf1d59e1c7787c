/** What the books hand to recovery, and what they keep of what it found. */
import { expect, it } from "vitest";
import { decodeCheckpoint } from "../../src/format/checkpoint.ts";
import type { Store } from "../../src/store/store.ts";
import { readAll } from "../support/log_harness.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";
import { append, openStore, type StoreWorld } from "../support/stores.ts";

const SEGMENT = "logs-0/00000000000000000000.log";

/** A store of six batches that was killed, its third batch damaged. */
async function damagedWorld(): Promise<{ world: StoreWorld; disk: SimulatedDisk }> {
  const disk = new SimulatedDisk();
  const { store, world } = await openStore({ disk, hasUpstream: true });
  const { partitions: [log] } = await store.createTopic("logs");
  for (let at = 0; at < 6; at++) await append(store, log!, [`record ${at}`]);
  const bytes = bytesOf(disk, SEGMENT);
  bytes[Math.floor(bytes.length * 2 / 6) + 70]! ^= 1;
  disk.overwrite(SEGMENT, bytes);
  return { world, disk };
}

function bytesOf(disk: SimulatedDisk, path: string): Uint8Array {
  const file = disk.open(path);
  const bytes = new Uint8Array(file.size());
  file.readAtNow(0, bytes);
  return bytes;
}

const logOf = (store: Store) => store.topic("logs")!.partitions[0]!;

it("makes damage that was found durable before anything is appended behind it", async () => {
  const { world, disk } = await damagedWorld();
  const { store } = await openStore(world);
  const gaps = [{ from: 2, to: 3, reason: "corrupt" }];
  expect(logOf(store).gaps).toEqual(gaps);
  expect([...store.ledger.entries()]).toMatchObject([{ from: 2, to: 3, reason: "corrupt" }]);
  const crc32c = (bytes: Uint8Array) => world.core.crc32c(bytes);
  const checkpoints = ["checkpoint-a", "checkpoint-b"].filter((path) => disk.exists(path))
    .map((path) => decodeCheckpoint(bytesOf(disk, path), crc32c));
  expect(checkpoints[0]!.partitions.get("logs-0")!.gaps).toEqual(gaps);

  // Killed at once: the next start goes by it.
  const { store: again } = await openStore(world);
  expect(logOf(again).gaps).toEqual(gaps);
  expect([...again.ledger.entries()]).toHaveLength(1);
});

it("hands the gaps of the ledger to recovery where no checkpoint could be written", async () => {
  const { world, disk } = await damagedWorld();
  const { store } = await openStore(world);
  await store.ledger.close();
  for (const path of ["checkpoint-a", "checkpoint-b"]) disk.remove(path);
  const { store: again } = await openStore(world);
  expect(logOf(again).gaps).toEqual([{ from: 2, to: 3, reason: "corrupt" }]);
  expect([...again.ledger.entries()]).toHaveLength(1);
});

it("ledgers a gap the checkpoint holds and the ledger does not", async () => {
  const { world, disk } = await damagedWorld();
  const { store } = await openStore(world);
  await store.close();
  for (const path of ["ledger-a", "ledger-b"]) disk.remove(path);
  const { store: again } = await openStore(world);
  expect([...again.ledger.entries()]).toMatchObject([{ from: 2, to: 3, reason: "corrupt" }]);
  await again.close();
});

it("reads everything when it is told to, and finds what decayed below the recovery point", async () => {
  const disk = new SimulatedDisk();
  const { store, world } = await openStore({ disk });
  const { partitions: [log] } = await store.createTopic("logs");
  for (let at = 0; at < 6; at++) await append(store, log!, [`record ${at}`]);
  const [before] = log!.segments();
  await store.close();
  const bytes = bytesOf(disk, SEGMENT);
  bytes[65]! ^= 1;
  disk.overwrite(SEGMENT, bytes);
  const { store: shallow } = await openStore(world);
  expect(logOf(shallow).gaps).toEqual([]);
  await shallow.close();
  const { store: deep } = await openStore(world, { deep: true });
  expect(logOf(deep).gaps).toEqual([{ from: 0, to: 1, reason: "corrupt" }]);
  expect(logOf(deep).segments()[0]!.receivedMs).toBe(before!.receivedMs);
  expect((await readAll(deep.core, logOf(deep))).values).toHaveLength(5);
  await deep.close();
});
