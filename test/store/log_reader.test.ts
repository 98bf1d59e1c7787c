/** Reads by offset and by timestamp, through rolls, gaps, damage and files that are gone. */
import { beforeEach, describe, expect, it } from "vitest";
import { readBatchHeader } from "../../src/format/record_batch.ts";
import type { PartitionLog } from "../../src/store/partition_log.ts";
import { testCore } from "../support/core.ts";
import { diceOf } from "../support/dice.ts";
import { LogHarness, readAll } from "../support/log_harness.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";

const core = testCore();
let disk: SimulatedDisk;
let harness: LogHarness;
const settings = { segmentBytes: 20_000, compressionType: "none" } as const;

beforeEach(() => {
  core.reset();
  disk = new SimulatedDisk();
  harness = new LogHarness({ disk, core, settings });
});

/** Batches of one to seven records over several segments. */
async function filled(batches = 300): Promise<PartitionLog> {
  const log = await harness.open();
  let at = 0;
  for (let batch = 0; batch < batches; batch++) {
    const values = Array.from({ length: 1 + batch % 7 }, () => `${at++} ${"x".repeat(batch % 90)}`);
    await harness.append(log, values);
    harness.clock.advance(10);
  }
  return log;
}

describe("PartitionLog.read()", () => {
  it("begins with the batch that holds the offset, wherever it lies", async () => {
    const log = await filled();
    for (let offset = 0; offset < log.highWatermark; offset += 3) {
      const { batches, nextOffset } = await log.read(offset, { maxBytes: 1 });
      expect(batches.length, `${offset}`).toBe(1);
      const header = readBatchHeader(batches[0]!);
      expect(header.baseOffset).toBeLessThanOrEqual(offset);
      expect(header.lastOffset).toBeGreaterThanOrEqual(offset);
      expect(nextOffset).toBe(header.lastOffset + 1);
    }
  });

  it("gives the same records in pages of any size", async () => {
    const log = await filled(100);
    const all = (await readAll(core, log)).values;
    expect(all.length).toBe(log.highWatermark);
    for (const maxBytes of [1, 300, 5_000, 1_000_000]) {
      const values: string[] = [];
      for (let offset = 0; offset < log.highWatermark;) {
        const page = await log.read(offset, { maxBytes });
        const bytes = page.batches.reduce((sum, batch) => sum + batch.length, 0);
        expect(page.batches.length === 1 || bytes <= maxBytes).toBe(true);
        for (const batch of page.batches) {
          for (const { value } of core.decode(batch)) {
            values.push(new TextDecoder().decode(value!));
          }
        }
        offset = page.nextOffset;
      }
      expect(values, `${maxBytes}`).toEqual(all);
    }
  });

  it("reads nothing that begins at or above upTo", async () => {
    const log = await filled(50);
    const { batches, nextOffset } = await log.read(0, { maxBytes: 1e6, upTo: 9 });
    expect(batches.every((batch) => readBatchHeader(batch).baseOffset < 9)).toBe(true);
    expect(nextOffset).toBe(10);
    expect(await log.read(5, { maxBytes: 1e6, upTo: 5 }))
      .toEqual({ batches: [], nextOffset: 5, gaps: [] });
  });

  it("gives nothing at the high watermark, and refuses what lies outside the log", async () => {
    const log = await filled(50);
    const end = log.highWatermark;
    expect(await log.read(end, { maxBytes: 1 })).toEqual({
      batches: [],
      nextOffset: end,
      gaps: [],
    });
    log.setLogStart(20);
    for (const offset of [19, end + 1, -1]) {
      await expect(log.read(offset, { maxBytes: 1 })).rejects.toMatchObject({
        code: "offset_out_of_range",
        detail: { offset, log_start_offset: 20, high_watermark: end },
      });
    }
  });

  it("reads on when the file it reads is removed", async () => {
    const log = await filled();
    const reading = log.read(0, { maxBytes: 1_000 });
    log.setLogStart(log.segments()[1]!.baseOffset);
    expect(log.removeBelowLogStart()).toBeGreaterThan(0);
    // It had begun: it ends with what it holds, or says that it is gone.
    await reading.then(
      ({ batches }) => expect(batches.length).toBeGreaterThan(0),
      (error) => expect(error.code).toBe("offset_out_of_range"),
    );
    expect(disk.exists("t-0/00000000000000000000.log")).toBe(false);
    expect(disk.exists("t-0/00000000000000000000.index")).toBe(false);
    expect((await readAll(core, log)).values.length).toBe(log.highWatermark - log.logStartOffset);
  });

  it("turns any damage into a gap of that batch, quarantines it, and tells the books", async () => {
    const seed = 11;
    const dice = diceOf(seed);
    for (let trial = 0; trial < 40; trial++) {
      core.reset();
      disk = new SimulatedDisk();
      harness = new LogHarness({ disk, core, settings });
      const log = await filled(40);
      const headers = (await log.read(0, { maxBytes: 1e6 })).batches.map((batch) =>
        readBatchHeader(batch)
      );
      const hit = Math.floor(dice() * headers.length);
      const { baseOffset, lastOffset, sizeBytes } = headers[hit]!;
      const start = headers.slice(0, hit).reduce((sum, header) => sum + header.sizeBytes, 0);
      let within = Math.floor(dice() * sizeBytes);
      if (within >= 12 && within < 16) within = 16;
      disk.flipBit("t-0/00000000000000000000.log", start + within, Math.floor(dice() * 8));
      const { values, gaps } = await readAll(core, log);
      const where = `seed ${seed}, trial ${trial}, byte ${within} of batch ${hit}`;
      expect(gaps, where).toEqual([{ from: baseOffset, to: lastOffset + 1, reason: "corrupt" }]);
      expect(values.length, where).toBe(log.highWatermark - (lastOffset + 1 - baseOffset));
      expect(log.gaps, where).toEqual(gaps);
      expect(log.checkpoint().gaps, where).toEqual(gaps);
      expect(harness.quarantined.map(({ gap }) => gap), where).toEqual(gaps);
      expect(harness.quarantined[0]!.bytes, where).toBe(sizeBytes);
      await readAll(core, log);
      expect(harness.quarantined.length, `told once: ${where}`).toBe(1);
      log.close();
    }
  });

  it("passes a gap in the middle of a read that begins in it", async () => {
    const log = await filled(20);
    const { baseOffset, lastOffset } = readBatchHeader(
      (await log.read(8, { maxBytes: 1 })).batches[0]!,
    );
    disk.flipBit("t-0/00000000000000000000.log", 600, 0);
    const [gap] = (await readAll(core, log)).gaps;
    expect(gap).toBeDefined();
    const from = gap!.from + 1;
    const page = await log.read(from, { maxBytes: 1 });
    expect(page.gaps[0]?.from).toBe(gap!.to > from ? from : undefined);
    expect(baseOffset).toBeLessThanOrEqual(lastOffset);
  });

  it("takes a window that ends in the middle of a batch for no damage, whatever its size", async () => {
    const log = await harness.open();
    // Larger than the least window, and not to be compressed: more than one read for a batch.
    const dice = diceOf(3);
    const noise = Array.from({ length: 90_000 }, () => String.fromCharCode(33 + dice() * 90));
    for (let batch = 0; batch < 4; batch++) await harness.append(log, [noise.join("")]);
    for (const maxBytes of [0.3, 70_000.5, 89_999.99, 123_456.7, 180_000.5]) {
      for (let offset = 0; offset < log.highWatermark;) {
        const { batches, nextOffset, gaps } = await log.read(offset, { maxBytes });
        expect([batches.length > 0, gaps], `${maxBytes}, at ${offset}`).toEqual([true, []]);
        offset = nextOffset;
      }
    }
    expect(log.gaps).toEqual([]);
    expect(disk.list("").filter((path) => path.startsWith("quarantine"))).toEqual([]);
  });

  it("loses only what lies on a sector that cannot be read, and not for a passing trouble", async () => {
    const log = await filled(200);
    const all = (await readAll(core, log)).values;
    let failures = 2;
    disk.readFault = () => failures-- > 0;
    for (let tries = 0; tries < 2; tries++) {
      await expect(log.read(0, { maxBytes: 1 })).rejects.toMatchObject({ code: "storage_failed" });
    }
    expect((await readAll(core, log)).values).toEqual(all);
    expect(log.gaps).toEqual([]);
    disk.readFault = (path, position, size) =>
      path.endsWith("00000.log") && position < 8_192 && position + size > 4_096;
    for (let tries = 0; tries < 2; tries++) {
      await expect(log.read(0, { maxBytes: 8_000 })).rejects.toMatchObject({
        code: "storage_failed",
        retriable: true,
      });
    }
    const { values, gaps } = await readAll(core, log);
    expect(gaps.length).toBe(1);
    expect(values.length + gaps[0]!.to - gaps[0]!.from).toBe(all.length);
    expect(gaps[0]!.to - gaps[0]!.from).toBeLessThan(200);
  });

  it("names the offsets of a file that is gone", async () => {
    const log = await filled();
    const [, second] = log.segments();
    harness.files.close();
    disk.remove(`t-0/${String(second!.baseOffset).padStart(20, "0")}.log`);
    const { values, gaps } = await readAll(core, log);
    expect(gaps).toEqual([{ from: second!.baseOffset, to: second!.endOffset, reason: "lost" }]);
    expect(values.length).toBe(log.highWatermark - (second!.endOffset - second!.baseOffset));
  });
});

describe("PartitionLog.offsetForTimestamp()", () => {
  it("finds the first record at or after a time", async () => {
    const log = await filled();
    const { records } = await readAll(core, log);
    for (let at = 0; at < records.length; at += 17) {
      const { timestamp } = records[at]!;
      const first = records.find((record) => record.timestamp >= timestamp)!;
      expect(await log.offsetForTimestamp(timestamp), `${timestamp}`).toBe(first.offset);
    }
    expect(await log.offsetForTimestamp(0)).toBe(0);
    expect(await log.offsetForTimestamp(records.at(-1)!.timestamp + 1)).toBe(null);
  });

  it("assumes no order of timestamps", async () => {
    const log = await harness.open();
    for (const timestamp of [500, 900, 100, 700, 300]) {
      core.append(log.handle, { timestamp, value: new Uint8Array(15_000) });
      const done = Promise.withResolvers<void>();
      log.appended({ committed: () => done.resolve() });
      await done.promise;
    }
    expect(log.segments().length).toBe(5);
    const found = await Promise.all([0, 501, 800, 901].map((time) => log.offsetForTimestamp(time)));
    expect(found).toEqual([0, 1, 1, null]);
  });

  it("begins at the log start", async () => {
    const log = await filled();
    log.setLogStart(100);
    expect(await log.offsetForTimestamp(0)).toBe(100);
  });
});

describe("PartitionLog.waitFor()", () => {
  it("wakes with the commit", async () => {
    const log = await filled(1);
    const wait = log.waitFor(log.highWatermark, { timeoutMs: 1_000 });
    await harness.append(log, ["new"]);
    expect(await wait).toBe(true);
  });

  it("counts the bytes that are there already", async () => {
    const log = await filled(20);
    expect(await log.waitFor(0, { minBytes: 500, timeoutMs: 0 })).toBe(true);
    expect(await log.waitFor(0, { minBytes: 1e6, timeoutMs: 0 })).toBe(false);
    expect(await log.waitFor(30, { minBytes: 500, timeoutMs: 0 })).toBe(true);
    expect(await log.waitFor(log.highWatermark - 1, { minBytes: 500, timeoutMs: 0 })).toBe(false);
    const wait = log.waitFor(log.highWatermark, { minBytes: 3_000, timeoutMs: 1_000 });
    await harness.append(log, ["x".repeat(1_000)]);
    expect(await Promise.race([wait, Promise.resolve("waits")])).toBe("waits");
    await harness.append(log, ["x".repeat(3_000)]);
    expect(await wait).toBe(true);
  });
});
