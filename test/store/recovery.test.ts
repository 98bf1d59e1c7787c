/**
 * Recovery from decay. Method: write whole batches, damage the file in every way of one kind,
 * recover, and state exactly what must survive. Exhaustive over a small segment; seeded over large
 * ones, with the seed in the failure.
 */
import { beforeEach, describe, expect, it } from "vitest";
import { concat, utf8, viewOf } from "../../src/base/bytes.ts";
import { OperatingError } from "../../src/base/errors.ts";
import { readBatchHeader } from "../../src/format/record_batch.ts";
import { batchOf } from "../support/batches.ts";
import { testCore } from "../support/core.ts";
import { diceOf } from "../support/dice.ts";
import { LogHarness, readAll } from "../support/log_harness.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";

const core = testCore();
const PATH = "t-0/00000000000000000000.log";
const OWN_ID = "0000000000000001";

interface Written {
  readonly bytes: Uint8Array;
  readonly positions: readonly number[];
  /** Values, batch by batch. */
  readonly values: readonly (readonly string[])[];
}

const decoder = new TextDecoder();

beforeEach(() => core.reset());

/** A segment of whole batches, as a log wrote them. */
async function write(batches: readonly (readonly (string | Uint8Array)[])[]): Promise<Written> {
  core.reset();
  const disk = new SimulatedDisk();
  const harness = new LogHarness({ disk, core, settings: { compressionType: "none" } });
  const log = await harness.open();
  const positions: number[] = [];
  for (const values of batches) {
    positions.push(log.bytes);
    await harness.append(log, values);
  }
  log.close();
  const values = batches.map((batch) =>
    batch.map((value) => typeof value === "string" ? value : decoder.decode(value))
  );
  return { bytes: disk.contents(PATH), positions, values };
}

function diskWith(bytes: Uint8Array): SimulatedDisk {
  const disk = new SimulatedDisk();
  disk.makeDirectory("t-0");
  disk.open(PATH, { create: true }).close();
  disk.overwrite(PATH, bytes);
  return disk;
}

async function recover(disk: SimulatedDisk) {
  core.reset();
  const harness = new LogHarness({ disk, core, leaderEpoch: 2, ownIds: [OWN_ID] });
  const log = await harness.open();
  return { harness, log };
}

/** Whether `position` lies in the leader epoch of a batch, which no checksum covers. */
function inLeaderEpoch({ positions }: Written, position: number): boolean {
  const start = positions.findLast((each) => each <= position)!;
  return position - start >= 12 && position - start < 16;
}

/** States what must be left when one batch, at most, was damaged. */
async function expectOneLost(
  disk: SimulatedDisk,
  written: Written,
  position: number,
  where: string,
) {
  const damaged = written.positions.findLastIndex((each) => each <= position);
  const last = written.positions.length - 1;
  const { harness, log } = await recover(disk);
  const { values, gaps } = await readAll(core, log);
  const from = written.values.slice(0, damaged).flat().length;
  const to = from + written.values[damaged]!.length;
  const survivors = written.values.filter((_, at) => at !== damaged).flat();
  expect(values, where).toEqual(survivors);
  if (damaged === last) {
    // Damage to the last commit cannot be told from tearing.
    expect(log.highWatermark, where).toBe(from);
  } else {
    expect(gaps, where).toEqual([{ from, to, reason: "corrupt" }]);
    expect(log.highWatermark, where).toBe(written.values.flat().length);
    expect(harness.quarantined.map(({ gap }) => gap), where).toEqual(gaps);
  }
  expect(disk.list("quarantine").length, `evidence: ${where}`).toBe(1);
  log.close();
}

const forged = () => batchOf(core, ["forged"], { logId: OWN_ID, baseOffset: 9 });

describe("recoverLog()", () => {
  it("loses one batch, at most, to any flipped bit of a small segment", async () => {
    const written = await write([
      ["first", "second"],
      ["a payload that holds a batch", concat([utf8("x"), forged(), utf8("y")])],
      [forged()],
      ["third", "fourth", "fifth"],
      ["sixth"],
    ]);
    for (let position = 0; position < written.bytes.length; position++) {
      if (inLeaderEpoch(written, position)) continue;
      for (let bit = 0; bit < 8; bit++) {
        const disk = diskWith(written.bytes);
        disk.flipBit(PATH, position, bit);
        await expectOneLost(disk, written, position, `bit ${bit} of byte ${position}`);
      }
    }
  });

  it("loses one batch, at most, to a flipped bit anywhere in a large segment", async () => {
    const dice = diceOf(7);
    const batches = Array.from(
      { length: 200 },
      (_, at) =>
        Array.from({ length: 1 + at % 5 }, (_, n) => `${at}.${n} `.repeat(1 + dice() * 1_000)),
    );
    const written = await write(batches);
    for (let trial = 0; trial < 30; trial++) {
      const position = Math.floor(dice() * written.bytes.length);
      if (inLeaderEpoch(written, position)) continue;
      const disk = diskWith(written.bytes);
      disk.flipBit(PATH, position, Math.floor(dice() * 8));
      await expectOneLost(disk, written, position, `seed 7, trial ${trial}, byte ${position}`);
    }
  });

  it("keeps whole batches and cuts the torn one, wherever it was torn", async () => {
    const written = await write([["first", "second"], [forged(), "third"]]);
    const boundary = written.positions[1]!;
    for (let size = 0; size < written.bytes.length; size++) {
      const disk = diskWith(written.bytes.slice(0, size));
      const { log } = await recover(disk);
      const kept = size < boundary ? 0 : boundary;
      expect(log.highWatermark, `torn at ${size}`).toBe(kept === 0 ? 0 : 2);
      expect(disk.contents(PATH).length, `torn at ${size}`).toBe(kept);
      expect(disk.list("quarantine").length, `evidence at ${size}`).toBe(size > kept ? 1 : 0);
      log.close();
    }
  });

  it("takes nothing from a segment that the next one holds: it is left from a failed commit", async () => {
    const written = await write([["a"]]);
    const [refused, kept] = ["refused", "kept"].map((value) =>
      batchOf(core, [value], { logId: OWN_ID, baseOffset: 1 })
    );
    const disk = diskWith(concat([written.bytes, refused!]));
    const next = disk.open("t-0/00000000000000000001.log", { create: true });
    next.writeAt(0, kept!);
    const { log } = await recover(disk);
    expect(await readAll(core, log)).toMatchObject({ values: ["a", "kept"], gaps: [] });
  });

  it("goes on behind damage of several batches in a row", async () => {
    const written = await write([["a"], ["b"], ["c"], ["d"], ["e"]]);
    const bytes = written.bytes.slice();
    bytes.fill(0xee, written.positions[1], written.positions[3]! - 5);
    const { log } = await recover(diskWith(bytes));
    const { values, gaps } = await readAll(core, log);
    expect(values).toEqual(["a", "d", "e"]);
    expect(gaps).toEqual([{ from: 1, to: 3, reason: "corrupt" }]);
  });

  it("takes no batch out of a payload when the batch around it is wiped but for the payload", async () => {
    const written = await write([["a"], [forged(), "b"], ["c"], ["d"]]);
    const [, second = 0] = written.positions;
    const bytes = written.bytes.slice();
    bytes.fill(0, second, second + 61);
    const { log } = await recover(diskWith(bytes));
    const { values, gaps } = await readAll(core, log);
    expect(values).toEqual(["a", "c", "d"]);
    expect(gaps).toEqual([{ from: 1, to: 3, reason: "corrupt" }]);
  });

  it("believes a header of the right offset when the tail behind it is torn", async () => {
    // The payload knows this log's id and guesses an offset to come; its batch is torn behind it.
    const written = await write([["a"], [
      concat([utf8("x"), forged(), new Uint8Array(900).fill(7)]),
    ]]);
    const bytes = written.bytes.slice();
    bytes.fill(0, bytes.length - 700);
    const { log } = await recover(diskWith(bytes));
    expect((await readAll(core, log)).values).toEqual(["a"]);
    expect(log.highWatermark).toBe(1);
  });

  it("reads nothing below the recovery point", async () => {
    const disk = new SimulatedDisk();
    const settings = { segmentBytes: 2_000, compressionType: "none" } as const;
    const first = new LogHarness({ disk, core, settings });
    const log = await first.open();
    for (let at = 0; at < 40; at++) await first.append(log, [`${at} `.repeat(60)]);
    const checkpoint = log.checkpoint();
    expect(log.segments().length).toBeGreaterThan(3);
    disk.readBytes = 0;
    core.reset();
    const second = new LogHarness({ disk, core, settings, leaderEpoch: 2, ownIds: [OWN_ID] });
    const again = await second.open({ checkpoint });
    expect(second.scanned).toEqual([]);
    expect(disk.readBytes).toBeLessThan(200); // The index of the active segment.
    expect(again.highWatermark).toBe(40);
    expect(again.segments()).toEqual(log.segments());
    expect((await readAll(core, again)).values.length).toBe(40);
  });

  it("keeps offsets assigned when a file lost what was synced", async () => {
    const disk = new SimulatedDisk();
    const first = new LogHarness({ disk, core });
    const log = await first.open();
    await first.append(log, ["a"]);
    await first.append(log, ["b", "c"]);
    const checkpoint = log.checkpoint();
    disk.overwrite(PATH, disk.contents(PATH).slice(0, 100));
    core.reset();
    const second = new LogHarness({ disk, core, leaderEpoch: 2, ownIds: [OWN_ID] });
    const again = await second.open({ checkpoint });
    expect(again.highWatermark).toBe(3);
    expect(await readAll(core, again)).toMatchObject({
      values: ["a"],
      gaps: [{ from: 1, to: 3, reason: "corrupt" }],
    });
    // Whatever is written now must not make them free again at the next start.
    const afterwards = again.checkpoint();
    core.reset();
    const third = new LogHarness({ disk, core, leaderEpoch: 3, ownIds: [OWN_ID] });
    const oncemore = await third.open({ checkpoint: afterwards });
    expect(oncemore.highWatermark).toBe(3);
    const { ticket } = await third.append(oncemore, ["d"]);
    expect(ticket.baseOffset).toBe(3);
    expect((await readAll(core, oncemore)).values).toEqual(["a", "d"]);
  });

  it("keeps offsets assigned when whole files are gone", async () => {
    const disk = new SimulatedDisk();
    const first = new LogHarness({ disk, core, settings: { segmentBytes: 100 } });
    const log = await first.open();
    for (const value of ["a", "b", "c"]) await first.append(log, [value]);
    const checkpoint = log.checkpoint();
    disk.remove("t-0/00000000000000000001.log");
    disk.remove("t-0/00000000000000000002.log");
    core.reset();
    const second = new LogHarness({ disk, core, leaderEpoch: 2, ownIds: [OWN_ID] });
    const again = await second.open({ checkpoint });
    const { values, gaps } = await readAll(core, again);
    expect(values).toEqual(["a"]);
    expect(gaps.at(0)?.from).toBe(1);
    expect(gaps.at(-1)?.to).toBe(3);
  });

  it("starts when a file cannot even be opened, and loses what lies in it", async () => {
    const disk = new SimulatedDisk();
    const first = new LogHarness({ disk, core, settings: { segmentBytes: 100 } });
    const log = await first.open();
    for (const value of ["a", "b", "c"]) await first.append(log, [value]);
    const open = disk.open.bind(disk);
    disk.open = (path, options) => {
      if (!path.endsWith("1.log")) return open(path, options);
      throw new OperatingError("storage_failed", `Cannot open ${path}`, { path });
    };
    const { log: again } = await recover(disk);
    expect(again.highWatermark).toBe(3);
    expect(again.gaps).toMatchObject([{ from: 1, to: 2 }]);
  });

  it("starts when a sector cannot be read, and loses what lies on it", async () => {
    const written = await write(
      Array.from({ length: 30 }, (_, at) => [`${at} `.repeat(200)]),
    );
    const disk = diskWith(written.bytes);
    disk.readFault = (path, position, size) =>
      path === PATH && position < 8_192 && position + size > 4_096;
    const { log } = await recover(disk);
    expect(log.highWatermark).toBe(30);
    // The trouble may pass, so a reader is sent away twice.
    for (let tries = 0; tries < 2; tries++) {
      await expect(log.read(0, { maxBytes: 9_000 })).rejects.toMatchObject({ retriable: true });
    }
    const { values, gaps } = await readAll(core, log);
    expect(gaps.length).toBe(1);
    expect(values.length + gaps[0]!.to - gaps[0]!.from).toBe(30);
    expect(values.length).toBeGreaterThan(15);
  });

  it("tells each batch past the recovery point to the books, in order", async () => {
    const written = await write([["a"], ["b", "c"], ["d"]]);
    const { harness } = await recover(diskWith(written.bytes));
    expect(harness.scanned.map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 3]);
    expect(harness.scanned[1]).toEqual(readBatchHeader(written.bytes, written.positions[1]));
  });

  it("rebuilds the leader epochs from the batches", async () => {
    const disk = new SimulatedDisk();
    for (const leaderEpoch of [1, 2, 5]) {
      core.reset();
      const harness = new LogHarness({ disk, core, leaderEpoch, ownIds: [OWN_ID] });
      const log = await harness.open();
      await harness.append(log, ["x"]);
      log.close();
    }
    core.reset();
    const log = await new LogHarness({ disk, core, leaderEpoch: 6 }).open();
    expect(log.epochs).toEqual([
      { epoch: 1, startOffset: 0 },
      { epoch: 2, startOffset: 1 },
      { epoch: 5, startOffset: 2 },
    ]);
  });

  it("sees no batch whose own offset and sequence disagree", async () => {
    const written = await write([["a"], ["b"]]);
    const bytes = written.bytes.slice();
    // The base offset lies outside the checksum; the sequence under it does not.
    const moved = batchOf(core, ["b"], { logId: OWN_ID, baseOffset: 7 });
    viewOf(moved).setBigInt64(0, 1n);
    const { log } = await recover(diskWith(concat([bytes.slice(0, written.positions[1]), moved])));
    expect(log.highWatermark).toBe(1);
  });

  it("writes anew what it could not sync, before it tells anyone what is in it", async () => {
    const written = await write([["a"], ["b"]]);
    const disk = diskWith(written.bytes);
    let failed = 0;
    disk.syncFault = (path) => path === PATH && failed++ === 0 ? "fail" : null;
    const { harness, log } = await recover(disk);
    expect((await readAll(core, log)).values).toEqual(["a", "b"]);
    await harness.append(log, ["c"]);
    for (let seed = 0; seed < 10; seed++) {
      const crashed = SimulatedDisk.crashed(disk.snapshot(), diceOf(seed));
      core.reset();
      const harness = new LogHarness({ disk: crashed, core, leaderEpoch: 3 });
      const { values } = await readAll(core, await harness.open());
      expect(values, `seed ${seed}`).toEqual(["a", "b", "c"]);
    }
  });

  it("tries the directory again where a sync of it failed", async () => {
    const written = await write([["a"]]);
    const disk = diskWith(written.bytes);
    let failed = 0;
    disk.syncFault = (path) => path === "t-0" && failed++ < 2 ? "fail" : null;
    await recover(disk);
    expect(failed).toBe(3);
  });

  it("does not start where nothing can be made durable: what it tells would not last", async () => {
    const written = await write([["a"]]);
    const disk = diskWith(written.bytes);
    disk.syncFault = () => "fail";
    await expect(recover(disk)).rejects.toMatchObject({ code: "storage_failed" });
  });

  it("removes no file that it could not open", async () => {
    for (const kept of [true, false]) {
      const written = await write([["a"]]);
      const disk = diskWith(written.bytes);
      const closed = kept ? "t-0/00000000000000000001.log" : PATH;
      const next = batchOf(core, ["b"], { logId: OWN_ID, baseOffset: 1 });
      if (kept) {
        disk.open(closed, { create: true }).close();
        disk.overwrite(closed, next);
      }
      const open = disk.open.bind(disk);
      disk.open = (path, options) => {
        if (path === closed && disk.exists(path)) throw new Error("not permitted");
        return open(path, options);
      };
      const { harness, log } = await recover(disk);
      await harness.append(log, ["c"]);
      expect((await readAll(core, log)).values).toEqual(kept ? ["a", "c"] : ["c"]);
      expect(disk.contents(`quarantine/t-0-${kept ? 1 : 0}-0.bin`))
        .toEqual(kept ? next : written.bytes);
    }
  });
});
