import { describe, expect, it } from "vitest";
import { isOperatingError } from "../../src/base/errors.ts";
import { RECORD_BYTES_MAX } from "../../src/base/limits.ts";
import { appendRecord } from "../../src/ingress/record_appender.ts";
import type { PartitionLog } from "../../src/store/partition_log.ts";
import { testCore } from "../support/core.ts";
import { LogHarness, readAll } from "../support/log_harness.ts";
import { SimulatedDisk } from "../support/simulated_disk.ts";

async function fixture(partitions: number) {
  const harness = new LogHarness({ disk: new SimulatedDisk(), core: testCore() });
  const logs: PartitionLog[] = [];
  for (let index = 0; index < partitions; index++) logs.push(await harness.open({ index }));
  const append = (partition: number, bytes: number) => {
    const log = logs[partition]!;
    appendRecord(harness, log, { timestamp: 1, value: new Uint8Array(bytes) });
    log.appended(null);
  };
  const counts = async () => {
    await harness.commits.idle();
    const all = await Promise.all(logs.map((log) => readAll(harness.core, log)));
    return all.map(({ records }) => records.length);
  };
  return { append, counts };
}

describe("appendRecord()", () => {
  it("seals a full batch and goes on", async () => {
    const { append, counts } = await fixture(1);
    for (let nth = 0; nth < 5; nth++) append(0, 300_000);
    expect(await counts()).toEqual([5]);
  });

  it("makes room when more partitions gather than the core has slots", async () => {
    const { append, counts } = await fixture(100);
    for (let turn = 0; turn < 3; turn++) {
      for (let partition = 0; partition < 100; partition++) append(partition, 10);
    }
    expect(await counts()).toEqual(Array(100).fill(3));
  });

  it("refuses a record that no batch can hold", async () => {
    const { append } = await fixture(1);
    let thrown: unknown;
    try {
      append(0, RECORD_BYTES_MAX + 1);
    } catch (error) {
      thrown = error;
    }
    expect(isOperatingError(thrown, "record_too_large")).toBe(true);
  });
});
