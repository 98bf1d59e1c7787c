/** The lanes of a node: which wait, which are stale, and what becomes of those of an old upstream. */
import { describe, expect, it } from "vitest";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import type { Refusal } from "../../src/protocol/replication/refusal.ts";
import { FORWARDER_DEFAULTS } from "../../src/replication/forwarder_options.ts";
import type { Lane } from "../../src/replication/lane.ts";
import { LaneTable } from "../../src/replication/lane_table.ts";
import { Load } from "../../src/replication/load.ts";
import { StoreBooks } from "../../src/replication/store_books.ts";
import { append, openStore, seededRandom } from "../support/stores.ts";

async function tableOf(partitions = 2) {
  const { store, world: { clock } } = await openStore();
  const topic = await store.createTopic("logs", { partitions });
  for (const log of topic.partitions) await append(store, log, ["v"]);
  let roused = 0;
  const table = new LaneTable({
    store,
    books: new StoreBooks(store, "gateway"),
    clock,
    random: seededRandom(1),
    logger: SILENT_LOGGER,
    settings: FORWARDER_DEFAULTS,
    link: () => ({ nowMs: clock.monotonicMs(), bytesPerSecond: 0, islands: true }),
    roused: () => roused++,
  });
  table.takeUp();
  const announce = () => {
    const { lanes, logs } = table.takeStale();
    const standings = new Map(
      logs.map(({ logId }) => [logId, { logId, held: 0, settled: 0 }] as const),
    );
    for (const lane of lanes) {
      lane.resume(standings);
      table.queue(lane);
    }
    return lanes;
  };
  return { store, clock, table, announce, roused: () => roused };
}

const refusal = (changes: Partial<Refusal> = {}): Refusal => ({
  lane: "logs/0",
  logId: null,
  code: "peer_mismatch",
  detail: "It belongs to another peer",
  retriable: false,
  expected: null,
  ...changes,
});
const part = (lane: Lane) => ({ lane, load: new Load(0) });

describe("LaneTable", () => {
  it("takes up what is there, has it announced, and then gives each its turn", async () => {
    const { table, announce, roused } = await tableOf();
    expect([table.size, table.hasStale, table.turns.size]).toEqual([2, true, 0]);
    expect(announce()).toHaveLength(2);
    expect([table.hasStale, table.turns.size]).toEqual([false, 2]);
    expect(roused()).toBeGreaterThan(0);
    expect(table.amounts()).toMatchObject({ lagRecords: 2, backlogRecords: 2, lanesSplit: 0 });
    expect(table.amounts().backlogBytes).toBeGreaterThan(0);
  });

  it("lets a refused lane wait, says why, and offers it again", async () => {
    const { clock, table, announce } = await tableOf();
    const [lane] = announce();
    table.turns.clear();
    await table.refused(part(lane!), refusal());
    table.queue(lane!);
    expect([table.waiting.size, table.turns.size]).toEqual([1, 0]);
    expect([...table.waiting.reasons()]).toEqual([
      { lane: "logs/0", code: "peer_mismatch", detail: "It belongs to another peer" },
    ]);
    clock.advance(30_000);
    table.wakeDue();
    expect([table.waiting.size, table.hasStale]).toEqual([0, true]);
  });

  it("takes a refusal that may pass for bad luck: the first costs no wait", async () => {
    const { table, announce } = await tableOf();
    const [lane] = announce();
    await table.refused(part(lane!), refusal({ code: "storage_failed", retriable: true }));
    expect(table.waiting.size).toBe(0);
    await table.refused(part(lane!), refusal({ code: "malformed_body" }));
    expect(table.waiting.setbacks(lane!)).toBe(2);
  });

  it("believes the second time that something will never be taken, whatever else is refused", async () => {
    const { store, table, announce } = await tableOf();
    const [lane] = announce();
    const load = new Load(0);
    load.brings = () => true;
    const { logId } = store.logs.chain("logs", 0)[0]!;
    const refuse = (at: number) => {
      const range = { from: at, to: at + 1 };
      return table.refused(
        { ...part(lane!), load },
        refusal({ code: "batch_rejected", logId, range }),
      );
    };
    const ledgered = () => [...store.ledger.entries()].map(({ from }) => from);
    await refuse(0);
    await refuse(5);
    expect(ledgered()).toEqual([]);
    await refuse(0);
    expect(ledgered()).toEqual([0]);
    await refuse(5);
    expect(ledgered()).toEqual([0, 5]);
  });

  it("forgets the lanes of an earlier upstream, whatever comes of them", async () => {
    const { table, announce } = await tableOf();
    const [old] = announce();
    table.renew();
    expect([table.size, table.turns.size, table.hasStale]).toEqual([2, 0, true]);
    table.queue(old!);
    expect(table.turns.size).toBe(0);
    expect(announce()).not.toContain(old);
  });

  it("announces everything again in a new session", async () => {
    const { table, announce } = await tableOf();
    announce();
    table.turns.clear();
    table.forgetSession();
    expect([table.hasStale, table.turns.size]).toEqual([true, 0]);
  });
});
