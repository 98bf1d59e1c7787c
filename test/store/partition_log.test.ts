/** The partition log on a simulated disk: what is acknowledged, what is read, what rolls. */
import { beforeEach, describe, expect, it } from "vitest";
import { testCore } from "../support/core.ts";
import { LogHarness, readAll } from "../support/log_harness.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";

const core = testCore();
let disk: SimulatedDisk;
let harness: LogHarness;

beforeEach(() => {
  core.reset();
  disk = new SimulatedDisk();
  harness = new LogHarness({ disk, core });
});

describe("PartitionLog.appended()", () => {
  it("tells where records landed once they are durable", async () => {
    const log = await harness.open();
    const first = await harness.append(log, ["a", "b"]);
    const second = await harness.append(log, ["c"]);
    expect(first.ticket).toMatchObject({ baseOffset: 0, lastOffset: 1 });
    expect(second.ticket).toMatchObject({ baseOffset: 2, lastOffset: 2 });
    expect(log).toMatchObject({ highWatermark: 3, logEndOffset: 3, logStartOffset: 0 });
    expect((await readAll(core, log)).values).toEqual(["a", "b", "c"]);
  });
});
