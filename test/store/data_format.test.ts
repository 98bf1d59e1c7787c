import { describe, expect, it } from "vitest";
import { openFormat } from "../../src/store/data_format.ts";
import { utf8 } from "../../src/base/bytes.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";
import { seededRandom } from "../support/stores.ts";

describe("openFormat()", () => {
  it("makes an identity once, durably, and finds it again", async () => {
    const disk = new SimulatedDisk();
    const made = await openFormat(disk, seededRandom(1));
    expect(made.nodeId).toMatch(/^[0-9a-f]{16}$/);
    const crashed = SimulatedDisk.crashed(disk.snapshot(), () => 0);
    expect(await openFormat(crashed, seededRandom(2))).toEqual(made);
  });

  it("leaves a new directory or a whole file, wherever a crash comes", async () => {
    const disk = new SimulatedDisk();
    const snapshots: ReturnType<typeof disk.snapshot>[] = [];
    disk.onStep = () => snapshots.push(disk.snapshot());
    await openFormat(disk, seededRandom(1));
    for (const [at, snapshot] of snapshots.entries()) {
      for (let seed = 0; seed < 20; seed++) {
        const crashed = SimulatedDisk.crashed(snapshot, seededRandom(100 * at + seed).next);
        await openFormat(crashed, seededRandom(3));
      }
    }
  });

  it("refuses data without an identity, and an identity it cannot read", async () => {
    const disk = new SimulatedDisk();
    disk.makeDirectory("logs-0");
    await expect(openFormat(disk, seededRandom(1))).rejects.toMatchObject({
      code: "data_dir_unusable",
      message: expect.stringContaining("Restore that file"),
    });
    disk.open("format.json", { create: true }).writeAt(0, utf8("{}"));
    await expect(openFormat(disk, seededRandom(1))).rejects.toMatchObject({
      code: "data_dir_unusable",
    });
  });
});
