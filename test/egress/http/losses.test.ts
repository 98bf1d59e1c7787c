/** The ledger and its account, which must close whatever happened. */
import { describe, expect, it } from "vitest";
import { type HttpWorld, openHttpWorld } from "../../support/http_world.ts";

const lossOf = (logId: string, from: number, to: number) => ({
  ...{ logId, topic: "t", partition: 0, from, to, count: to - from, bytes: 10 },
  ...{ minTimestamp: 1, maxTimestamp: 2, reason: "evicted", state: "final" } as const,
});

async function filled(hasUpstream: boolean): Promise<{ world: HttpWorld; logId: string }> {
  const world = await openHttpWorld({ store: { hasUpstream } });
  await world.post("/v1/topics/t/records", "text/plain", "x\n".repeat(10));
  const [own] = [...world.store.logs.all()];
  return { world, logId: own!.logId };
}

async function losses(world: HttpWorld, query = "") {
  const answer = await (await world.get(`/v1/losses${query}`)).json();
  for (const { accepted, delivered, pending, ledgered } of [...answer.accounts, answer.totals]) {
    expect(delivered + pending + ledgered).toBe(accepted);
    expect(Math.min(accepted, delivered, pending, ledgered)).toBeGreaterThanOrEqual(0);
  }
  return answer;
}

describe("GET /v1/losses", () => {
  it("counts all as delivered where there is no upstream", async () => {
    const { world } = await filled(false);
    expect((await losses(world)).totals)
      .toEqual({ accepted: 10, delivered: 10, pending: 0, ledgered: 0 });
  });

  it("counts as delivered what is settled upstream, and the rest as pending", async () => {
    const { world, logId } = await filled(true);
    expect((await losses(world)).totals).toMatchObject({ delivered: 0, pending: 10 });
    world.store.forwarded.setLog("t", 0, logId, { held: 8, settled: 6 });
    expect((await losses(world)).totals).toMatchObject({ delivered: 6, pending: 4 });
  });

  it("counts what was ledgered as neither, wherever it lies", async () => {
    const { world, logId } = await filled(true);
    world.store.forwarded.setLog("t", 0, logId, { held: 6, settled: 6 });
    await world.store.ledger.change({ entries: [lossOf(logId, 2, 4), lossOf(logId, 7, 8)] });
    const { totals, accounts, entries } = await losses(world);
    expect(totals).toEqual({ accepted: 10, delivered: 4, pending: 3, ledgered: 3 });
    expect(accounts).toMatchObject([{ log_id: logId, topic: "t", partition: 0 }]);
    expect(entries).toMatchObject([
      { id: 1, log_id: logId, from: 2, to: 4, count: 2, reason: "evicted", state: "final" },
      { id: 2, from: 7, to: 8 },
    ]);
    await world.store.ledger.reverse(1);
    expect((await losses(world)).totals).toMatchObject({ ledgered: 1 });
  });

  it("counts what came from other nodes by what is here", async () => {
    const { world } = await filled(false);
    const logId = "00000000000000aa";
    await world.store.ranges.announce({
      ...{ logId, peer: "p".repeat(16), gateway: "g", topic: "u", partition: 0, firstOffset: 5 },
      ...{ predecessor: null, predecessorEnd: 0, root: logId },
    });
    world.store.ranges.note(logId, 5, 9);
    world.store.ranges.settle(logId, { from: 5, to: 9 }, true, 4);
    const { accounts } = await losses(world, `?log_id=${logId}`);
    expect(accounts).toEqual([{
      ...{ log_id: logId, gateway: "g", topic: "u", partition: 0 },
      ...{ first_offset: 5, end_offset: 9 },
      ...{ accepted: 4, delivered: 4, pending: 0, ledgered: 0 },
    }]);
  });

  it("counts what a relay gave up of what it received, as soon as it is in the ledger", async () => {
    const { world } = await filled(true);
    const logId = "00000000000000aa";
    await world.store.ranges.announce({
      ...{ logId, peer: "p".repeat(16), gateway: "g", topic: "u", partition: 0, firstOffset: 5 },
      ...{ predecessor: null, predecessorEnd: 0, root: logId, pathKey: null },
    });
    world.store.ranges.note(logId, 5, 15);
    world.store.ranges.settle(logId, { from: 5, to: 15 }, true, 4);
    world.store.forwarded.setLog("u", 0, logId, { held: 9, settled: 9 });
    await world.store.ledger.change({ entries: [{ ...lossOf(logId, 8, 12), topic: "u" }] });
    const { totals } = await losses(world, `?log_id=${logId}`);
    expect(totals).toEqual({ accepted: 10, delivered: 3, pending: 3, ledgered: 4 });
  });

  it("finds entries by topic, reason and the times of their records", async () => {
    const { world, logId } = await filled(true);
    const entry = (from: number, more: object) => ({ ...lossOf(logId, from, from + 1), ...more });
    await world.store.ledger.change({
      entries: [
        entry(0, { minTimestamp: 1_000, maxTimestamp: 2_000 }),
        entry(2, { reason: "wiped", minTimestamp: 3_000, maxTimestamp: 4_000 }),
        entry(4, { topic: "u" }),
        entry(6, { minTimestamp: -1, maxTimestamp: -1 }),
      ],
    });
    const found = async (query: string) =>
      (await losses(world, query)).entries.map(({ from }: { from: number }) => from);
    expect(await found("?topic=u")).toEqual([4]);
    expect(await found("?reason=wiped")).toEqual([2]);
    expect(await found("?since=2000&until=3001")).toEqual([0, 2]);
    expect(await found("?since=2001&until=3000")).toEqual([]);
    expect(await found("?since=5000"), "when it was ledgered").toEqual([6]);
    expect((await losses(world, "?topic=u")).accounts).toEqual([]);
    const nothing = await world.get("/v1/losses?topic=nothing");
    expect([nothing.status, (await nothing.json()).code]).toEqual([404, "unknown_topic"]);
    const misspelt = await world.get("/v1/losses?reason=evcited");
    expect([misspelt.status, (await misspelt.json()).parameter]).toEqual([400, "reason"]);
  });

  it("gives its entries page by page", async () => {
    const { world, logId } = await filled(true);
    const entries = [0, 1, 2, 3, 4].map((at) => lossOf(logId, 2 * at, 2 * at + 1));
    await world.store.ledger.change({ entries });
    const first = await losses(world, "?max_entries=2");
    expect(first.entries.map(({ id }: { id: number }) => id)).toEqual([1, 2]);
    const rest = await losses(world, `?max_entries=9&after=${first.next_after}`);
    expect(rest.entries.map(({ id }: { id: number }) => id)).toEqual([3, 4, 5]);
    expect(rest.next_after).toBeNull();
  });
});
