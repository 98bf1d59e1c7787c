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
