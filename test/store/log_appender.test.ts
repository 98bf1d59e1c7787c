import { beforeEach, describe, expect, it } from "vitest";
import { SEQUENCES_PER_EPOCH } from "../../src/base/limits.ts";
import { readBatchHeader } from "../../src/format/record_batch.ts";
import { batchOf } from "../support/batches.ts";
import { testCore } from "../support/core.ts";
import { LogHarness, readAll, waiting } from "../support/log_harness.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";

const core = testCore();
let harness: LogHarness;

beforeEach(() => {
  core.reset();
  harness = new LogHarness({ disk: new SimulatedDisk(), core });
});

/** A log whose next offset is `offset`. */
function logAt(offset: number) {
  return harness.open({
    checkpoint: {
      logStartOffset: offset,
      recoveryPoint: offset,
      recoverySegment: offset,
      recoveryPosition: 0,
      epochs: [],
      gaps: [],
      segments: [],
    },
  });
}

describe("LogAppender", () => {
  it("tells each call the offsets of its own records", async () => {
    const log = await harness.open();
    const { waiter, done } = waiting();
    harness.put(log, ["a", "b"]);
    const first = log.appended(waiter);
    harness.put(log, ["c"]);
    log.sealOpen();
    harness.put(log, ["d"]);
    const second = log.appended(waiter);
    await done;
    expect([first, second]).toMatchObject([
      { baseOffset: 0, lastOffset: 1 },
      { baseOffset: 2, lastOffset: 3 },
    ]);
  });

  it("stamps a batch with its log id and its local base offset", async () => {
    const log = await harness.open();
    await harness.append(log, ["a"]);
    await harness.append(log, ["b"]);
    const { batches } = await log.read(1, { maxBytes: 1 });
    expect(readBatchHeader(batches[0]!)).toMatchObject({
      baseOffset: 1,
      sourceOffset: 1,
      logId: "0000000000000001",
      leaderEpoch: 1,
    });
  });

  it("lets no batch straddle a multiple of 2^31", async () => {
    for (const boundary of [SEQUENCES_PER_EPOCH, 5 * SEQUENCES_PER_EPOCH]) {
      core.reset();
      harness = new LogHarness({ disk: new SimulatedDisk(), core });
      const log = await logAt(boundary - 3);
      const values = ["a", "b", "c", "d", "e"];
      const { ticket } = await harness.append(log, values);
      expect(ticket).toMatchObject({ baseOffset: boundary - 3, lastOffset: boundary + 1 });
      const { batches } = await log.read(boundary - 3, { maxBytes: 10_000 });
      expect(batches.map((batch) => readBatchHeader(batch))).toMatchObject([
        { baseOffset: boundary - 3, lastOffset: boundary - 1, sourceOffset: boundary - 3 },
        { baseOffset: boundary, lastOffset: boundary + 1, sourceOffset: boundary },
      ]);
      expect((await readAll(core, log)).values).toEqual(values);
    }
  });

  it("ends a batch at a multiple of 2^31 when it ends there anyway", async () => {
    const log = await logAt(SEQUENCES_PER_EPOCH - 2);
    await harness.append(log, ["a", "b"]);
    await harness.append(log, ["c"]);
    expect((await readAll(core, log)).values).toEqual(["a", "b", "c"]);
  });

  it("appends a replicated batch as it is but for what lies outside its checksum", async () => {
    const log = await harness.open();
    await harness.append(log, ["own"]);
    const batch = batchOf(core, ["x", "y"], { logId: "00000000000abcde", baseOffset: 777 });
    const before = batch.slice();
    harness.put(log, ["gathered before it"]);
    const { waiter, done } = waiting();
    expect(log.appendReplicated(batch, waiter)).toBe(2);
    expect(await done).toEqual({ baseOffset: 1, lastOffset: 3 });
    const { batches } = await log.read(2, { maxBytes: 1 });
    expect(readBatchHeader(batches[0]!)).toMatchObject({
      baseOffset: 2,
      logId: "00000000000abcde",
      sourceOffset: 777,
      leaderEpoch: 1,
    });
    expect(batches[0]!.slice(16)).toEqual(before.slice(16));
  });

  it("compresses by the topic's setting", async () => {
    const text = "compressible ".repeat(200);
    for (const compressionType of ["none", "lz4"] as const) {
      core.reset();
      harness = new LogHarness({ disk: new SimulatedDisk(), core, settings: { compressionType } });
      const log = await harness.open();
      await harness.append(log, [text]);
      expect(log.bytes < text.length / 2, compressionType).toBe(compressionType === "lz4");
      expect((await readAll(core, log)).values).toEqual([text]);
    }
  });
});
