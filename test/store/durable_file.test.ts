/** Files and directories whose sync fails: what they show lasts all the same, or nobody is told. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/base/bytes.ts";
import { SILENT_LOGGER as logger } from "../../src/base/log.ts";
import { COPY_SUFFIX, makeEntriesDurable, makeFileDurable } from "../../src/store/durable_file.ts";
import { FileCache } from "../../src/store/file_cache.ts";
import { diceOf } from "../support/dice.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";

const PATH = "t-0/a.log";

async function world(contents: string) {
  const disk = new SimulatedDisk();
  disk.makeDirectory("t-0");
  const file = disk.open(PATH, { create: true });
  await disk.syncDirectory("t-0");
  await disk.syncDirectory("");
  file.writeAt(0, utf8(contents));
  file.close();
  return { disk, files: new FileCache(disk), directory: "t-0", logger };
}

/** What a power cut leaves at the worst, of several. */
function leftBy(disk: SimulatedDisk): string[] {
  return Array.from({ length: 20 }, (_, seed) => {
    const left = SimulatedDisk.crashed(disk.snapshot(), diceOf(seed));
    return new TextDecoder().decode(left.contents(PATH));
  });
}

describe("makeFileDurable()", () => {
  it("syncs", async () => {
    const options = await world("abc");
    await makeFileDurable(PATH, options);
    expect(new Set(leftBy(options.disk))).toEqual(new Set(["abc"]));
  });

  it.each([1, 2, 5])("puts a copy in place of what cannot be synced, %i failures", async (n) => {
    const options = await world("abc".repeat(500_000));
    let failed = 0;
    options.disk.syncFault = () => failed++ < n ? "fail" : null;
    await makeFileDurable(PATH, options);
    options.disk.syncFault = null;
    for (const left of leftBy(options.disk)) expect(left === "abc".repeat(500_000)).toBe(true);
    expect(options.disk.exists(PATH + COPY_SUFFIX)).toBe(false);
  });

  it("gives up on a disk that can make nothing durable, and the file stays as it is", async () => {
    const options = await world("abc");
    options.disk.syncFault = () => "fail";
    await expect(makeFileDurable(PATH, options)).rejects.toMatchObject({ code: "storage_failed" });
    expect(new TextDecoder().decode(options.disk.contents(PATH))).toBe("abc");
  });
});

describe("makeEntriesDurable()", () => {
  it("tries a few times", async () => {
    const { disk } = await world("");
    let failed = 0;
    disk.syncFault = () => failed++ < 3 ? "fail" : null;
    await makeEntriesDurable("t-0", { disk, logger });
    expect(failed).toBe(4);
    disk.syncFault = () => "fail";
    await expect(makeEntriesDurable("t-0", { disk, logger })).rejects.toMatchObject({
      code: "storage_failed",
    });
  });
});
