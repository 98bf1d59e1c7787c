/**
 * Requests with an identity, when the disk fails or the power goes in the middle: a repeat finishes
 * what the first began, and no record is appended twice.
 */
import { describe, expect, it } from "vitest";
import { OperatingError } from "../../../src/base/errors.ts";
import { type HttpWorld, openHttpWorld } from "../../support/http_world.ts";
import { seededRandom } from "../../support/stores.ts";
import { SimulatedDisk } from "../../support/simulated_disk.ts";
import { MemoryCatalogue } from "../../support/memory_catalogue.ts";

const KEYS = 40;
const BODY = JSON.stringify(
  Array.from({ length: KEYS }, (_, at) => ({ key: `k${at}`, value: `v${at}` })),
);

function once(world: HttpWorld, sequence: number, body = BODY): Promise<Response> {
  return world.post("/v1/topics/t/records", "application/vnd.logboom.records+json", body, {
    headers: { "logboom-producer-id": "p", "logboom-sequence": String(sequence) },
  });
}

async function valuesOf(world: HttpWorld): Promise<string[]> {
  const page = await (await world.get("/v1/topics/t/records?max_records=10000")).json();
  return page.records.map(({ value }: { value: string }) => value).sort();
}

const ALL = Array.from({ length: KEYS }, (_, at) => `v${at}`).sort();
const settings = { defaultPartitions: 4 };

describe("produceOnce()", () => {
  it("finishes in a repeat what a failed commit left out, in one partition or another", async () => {
    const disk = new SimulatedDisk();
    const world = await openHttpWorld({ store: { disk, settings } });
    await once(world, 0, JSON.stringify({ key: "k", value: "first" }));
    const topic = world.store.topic("t")!;
    // One whose file is not open yet.
    const failing = topic.partitions.find(({ highWatermark }) => highWatermark === 0);
    const write = disk.open.bind(disk);
    let broken = true;
    disk.open = (path, options) => {
      const file = write(path, options);
      if (!path.startsWith(`t-${failing!.index}/`)) return file;
      return new Proxy(file, {
        get(target, name) {
          if (broken && name === "writeAt") {
            return () => {
              throw new OperatingError("storage_full", "Cannot write: full");
            };
          }
          const value = Reflect.get(target, name);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
    };
    const failed = await once(world, 1);
    expect(failed.status).toBe(507);
    broken = false;
    const repeat = await once(world, 1);
    expect(repeat.status).toBe(200);
    const landings = await repeat.json();
    const records = landings.reduce(
      (sum: number, { records }: { records: number }) => sum + records,
      0,
    );
    expect(records).toBe(KEYS);
    expect(await valuesOf(world)).toEqual([...ALL, "first"].sort());
    expect((await once(world, 1)).headers.get("logboom-replayed")).toBe("true");
  });

  it("is appended once, whenever the power goes, if it is repeated until it is answered", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seededRandom(seed);
      let disk = new SimulatedDisk();
      const catalogue = new MemoryCatalogue();
      let world = await openHttpWorld({ store: { disk, catalogue, settings, random } });
      const cut = Math.floor(random.next() * 30);
      for (let power = 0; power < 2; power++) {
        const pending = once(world, 9);
        pending.catch(() => {});
        for (let turn = 0; turn < cut; turn++) await Promise.resolve();
        disk = SimulatedDisk.crashed(disk.snapshot(), random.next);
        catalogue.crash(random);
        world = await openHttpWorld({ store: { disk, catalogue, settings, random } });
      }
      const response = await once(world, 9);
      expect(response.status, `seed ${seed}`).toBe(200);
      expect(await valuesOf(world), `seed ${seed}`).toEqual(ALL);
    }
  });
});
