import { describe, expect, it } from "vitest";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import { LogRegistry } from "../../src/store/log_registry.ts";
import { MemoryCatalogue } from "../support/memory_catalogue.ts";
import { seededRandom } from "../support/stores.ts";

const LOGS = [0, 1, 2].map((index) => ({ topic: "logs", index, handle: index }));

async function open(catalogue: MemoryCatalogue, seed: number) {
  const { ownLogs } = await catalogue.load();
  const random = seededRandom(seed);
  const pathSecret = "5e".repeat(32);
  return new LogRegistry({ catalogue, random, logger: SILENT_LOGGER, pathSecret }, ownLogs);
}

describe("LogRegistry.current()", () => {
  it("draws once per run and partition, and chains the runs", async () => {
    const catalogue = new MemoryCatalogue();
    const ends = [0, 10, 25];
    const drawn: string[] = [];
    for (const [run, end] of ends.entries()) {
      const registry = await open(catalogue, run);
      const logId = registry.current(LOGS[0]!, end);
      expect(registry.current(LOGS[0]!, end + 3)).toBe(logId);
      expect(registry.current(LOGS[1]!, 0)).not.toBe(logId);
      await registry.registered(LOGS[0]!);
      expect(registry.registered(LOGS[0]!)).toBeNull();
      drawn.push(logId);
    }
    expect(new Set(drawn).size).toBe(3);
    const registry = await open(catalogue, 9);
    const chain = registry.chain("logs", 0);
    expect(chain.map(({ logId }) => logId)).toEqual(drawn);
    expect(chain.map(({ predecessor }) => predecessor)).toEqual([null, drawn[0], drawn[1]]);
    expect(chain.map(({ predecessorEnd }) => predecessorEnd)).toEqual([0, 10, 25]);
    expect(chain.every(({ root }) => root === drawn[0])).toBe(true);
    expect(chain.map((row) => registry.endOf(row, 99))).toEqual([10, 25, 99]);
    expect(registry.isOwn(LOGS[0]!, drawn[1]!)).toBe(true);
    expect(registry.isOwn(LOGS[1]!, drawn[1]!)).toBe(false);
  });
});

describe("LogRegistry.registered()", () => {
  it("writes the ids of many partitions at once, and tries again after a failure", async () => {
    const catalogue = new MemoryCatalogue();
    const registry = await open(catalogue, 1);
    for (const log of LOGS) registry.current(log, 0);
    catalogue.failing = "storage_failed";
    await expect(registry.registered(LOGS[0]!)).rejects.toMatchObject({ code: "storage_failed" });
    expect((await catalogue.load()).ownLogs).toEqual([]);
    catalogue.failing = null;
    await registry.registered(LOGS[0]!);
    expect((await catalogue.load()).ownLogs.length).toBe(3);
    expect(registry.registered(LOGS[2]!)).toBeNull();
  });
});

describe("LogRegistry.prune()", () => {
  it("forgets what is done and lies many runs back, and nothing else", async () => {
    const catalogue = new MemoryCatalogue();
    for (let run = 0; run < 50; run++) {
      const registry = await open(catalogue, run);
      registry.current(LOGS[0]!, 10 * run);
      await registry.registered(LOGS[0]!);
    }
    const registry = await open(catalogue, 99);
    await registry.prune((_row, end) => end <= 100);
    expect(registry.chain("logs", 0).map(({ firstOffset }) => firstOffset)[0]).toBe(100);
    await registry.prune(() => true);
    expect(registry.chain("logs", 0).length).toBe(32);
    expect((await catalogue.load()).ownLogs.length).toBe(32);
    expect(registry.chain("logs", 0)[0]!.root).not.toBe(registry.chain("logs", 0)[0]!.logId);
  });
});
