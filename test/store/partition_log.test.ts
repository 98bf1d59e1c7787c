/** The partition log as a whole: what is acknowledged and read, its facts, and its bytes. */
import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { fromHex, utf8 } from "../../src/base/bytes.ts";
import { testCore } from "../support/core.ts";
import { LogHarness, readAll, waiting } from "../support/log_harness.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";

const core = testCore();
let disk: SimulatedDisk;
let harness: LogHarness;

beforeEach(() => {
  core.reset();
  disk = new SimulatedDisk();
  harness = new LogHarness({ disk, core });
});

/** The bytes of the `hex` blocks of FORMAT.md, which are the first columns of their lines. */
function worked(): Uint8Array[] {
  const page = readFileSync(new URL("../../src/format/FORMAT.md", import.meta.url), "utf8");
  return [...page.matchAll(/```hex\n([\s\S]*?)```/g)].map(([, block]) =>
    fromHex(
      block!.split("\n").map((line) =>
        /^([0-9a-f]{2}( [0-9a-f]{2})*)( {3}|$)/.exec(line)?.[1] ?? ""
      )
        .join("").replaceAll(" ", ""),
    )
  );
}

describe("PartitionLog", () => {
  it("tells where records landed once they are durable", async () => {
    const log = await harness.open();
    const first = await harness.append(log, ["a", "b"]);
    const second = await harness.append(log, ["c"]);
    expect(first.ticket).toMatchObject({ baseOffset: 0, lastOffset: 1 });
    expect(second.ticket).toMatchObject({ baseOffset: 2, lastOffset: 2 });
    expect(log).toMatchObject({ highWatermark: 3, logEndOffset: 3, logStartOffset: 0 });
    expect((await readAll(core, log)).values).toEqual(["a", "b", "c"]);
  });

  it("makes no file before the first record", async () => {
    const log = await harness.open();
    expect([log.bytes, log.segments(), disk.exists("t-0")]).toEqual([0, [], false]);
  });

  it("writes the bytes that FORMAT.md shows", async () => {
    const log = await harness.open();
    const timestamp = 1_700_000_000_000;
    core.append(log.handle, { timestamp, value: utf8("hello") });
    core.append(log.handle, {
      timestamp: timestamp + 5,
      key: utf8("k"),
      value: utf8("world"),
      headers: [["h", utf8("v")]],
    });
    const { waiter, done } = waiting();
    log.appended(waiter);
    await done;
    await log.roll();
    const files = ["log", "index", "timeindex"].map((suffix) =>
      disk.contents(`t-0/00000000000000000000.${suffix}`)
    );
    // What follows in it lies elsewhere.
    expect(files).toEqual(worked().slice(0, files.length));
  });

  it("setLogStart() and removeBelowLogStart() give up whole segments, never the active one", async () => {
    harness = new LogHarness({ disk, core, settings: { segmentBytes: 1 } });
    const log = await harness.open();
    for (const value of ["a", "b", "c"]) await harness.append(log, [value]);
    const { bytes } = log;
    log.setLogStart(2);
    log.setLogStart(1);
    expect(log.logStartOffset).toBe(2);
    expect(log.removeBelowLogStart()).toBe(bytes - log.bytes);
    expect(log.segments().map(({ baseOffset }) => baseOffset)).toEqual([2]);
    log.setLogStart(3);
    expect(log.removeBelowLogStart()).toBe(0);
    expect(disk.list("t-0")).toContain("00000000000000000002.log");
    const { ticket } = await harness.append(log, ["d"]);
    expect(ticket.baseOffset).toBe(3);
  });

  it("checkpoint() says all that a start needs, segments of before included", async () => {
    harness = new LogHarness({ disk, core, settings: { segmentBytes: 1 } });
    const log = await harness.open();
    for (const value of ["a", "b", "c"]) await harness.append(log, [value]);
    const checkpoint = log.checkpoint();
    expect(checkpoint).toMatchObject({
      logStartOffset: 0,
      recoveryPoint: 3,
      recoverySegment: 2,
      epochs: [{ epoch: 1, startOffset: 0 }],
      gaps: [],
    });
    expect(checkpoint.segments.map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 2]);
    log.close();
    core.reset();
    const again = await new LogHarness({ disk, core, leaderEpoch: 2 }).open({ checkpoint });
    expect(again.segments()).toEqual(log.segments());
    expect(again.bytes).toBe(log.bytes);
  });

  it("finds places in a long active segment after a start without reading all of it", async () => {
    harness = new LogHarness({ disk, core, settings: { compressionType: "none" } });
    const log = await harness.open();
    for (let at = 0; at < 40; at++) await harness.append(log, ["x".repeat(60_000)]);
    const checkpoint = log.checkpoint();
    log.close();
    core.reset();
    const second = new LogHarness({ disk, core, leaderEpoch: 2 });
    const again = await second.open({ checkpoint });
    disk.readBytes = 0;
    const { batches } = await again.read(30, { maxBytes: 1 });
    expect(core.decode(batches[0]!)[0]?.offset).toBeLessThanOrEqual(30);
    expect(disk.readBytes).toBeLessThan(400_000);
  });

  it("close() wakes who waits", async () => {
    const log = await harness.open();
    const wait = log.waitFor(0, { timeoutMs: 1_000 });
    log.close();
    expect(await wait).toBe(false);
  });
});
