/** What an operator gives up, with the ledger and the readers; crashes are the evictor's business. */
import { describe, expect, it } from "vitest";
import { openHttpWorld } from "../../support/http_world.ts";
import { openStore } from "../../support/stores.ts";

async function filled(hasUpstream: boolean) {
  const world = await openHttpWorld({ store: { hasUpstream } });
  for (let batch = 0; batch < 5; batch++) {
    await world.post("/v1/topics/t/records", "text/plain", "a\nb\nc\nd\n");
  }
  const path = "/v1/topics/t/partitions/0/records";
  const wipe = async (before: number | string) => {
    const answer = await world.request("DELETE", `${path}?before=${before}`);
    return { status: answer.status, document: await answer.json() };
  };
  return { world, wipe, path };
}

describe("DELETE /v1/topics/{topic}/partitions/{partition}/records", () => {
  it("gives up whole batches below an offset, and ledgers what was not delivered", async () => {
    const { world, wipe, path } = await filled(true);
    world.store.forwarded.set("t", 0, { held: 4, settled: 4 });
    const { status, document } = await wipe(10);
    expect(status).toBe(200);
    expect(document).toMatchObject({ log_start_offset: 8, records: 8, ledgered: 4 });
    expect(world.asked.at(-1)).toBe("admin");
    expect([...world.store.ledger.entries()]).toMatchObject([
      { from: 4, to: 8, count: 4, reason: "wiped", state: "provisional" },
    ]);
    expect((await world.get(`${path}?offset=0`)).status).toBe(416);
    expect((await (await world.get(`${path}?offset=8`)).json()).records).toHaveLength(12);
    expect((await wipe(8)).document).toMatchObject({ records: 0, ledgered: 0, freed_bytes: 0 });
  });

  it("gives up all there is, files and all, and takes records from there on", async () => {
    const { world, wipe } = await filled(true);
    const { document } = await wipe(20);
    expect(document).toMatchObject({ log_start_offset: 20, records: 20, ledgered: 20 });
    expect(document.freed_bytes).toBeGreaterThan(200);
    expect(world.store.topic("t")!.partitions[0]!.bytes).toBe(0);
    const produced = await world.post("/v1/topics/t/records", "text/plain", "more");
    expect((await produced.json()).base_offset).toBe(20);
    // The same after a kill.
    const { store } = await openStore(world.world);
    expect(store.topic("t")!.partitions[0]!.logStartOffset).toBe(20);
    expect([...store.ledger.entries()]).toMatchObject([{ from: 0, to: 20, reason: "wiped" }]);
  });

  it("where nothing is upstream, there is nothing to ledger", async () => {
    const { world, wipe } = await filled(false);
    expect((await wipe(20)).document).toMatchObject({ records: 20, ledgered: 0 });
    expect(world.store.ledger.size).toBe(0);
  });

  it("refuses what it cannot do, by name", async () => {
    const { world, wipe } = await filled(true);
    expect((await wipe(21)).document).toMatchObject({ code: "offset_out_of_range" });
    expect((await wipe("x")).status).toBe(400);
    const missing = (path: string) => world.request("DELETE", `/v1/topics/${path}`);
    expect((await missing("t/partitions/0/records")).status).toBe(400);
    expect((await missing("t/partitions/1/records?before=1")).status).toBe(404);
    expect((await missing("u/partitions/0/records?before=1")).status).toBe(404);
  });
});
