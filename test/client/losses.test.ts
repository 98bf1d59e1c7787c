import { describe, expect, it } from "vitest";
import { openClientWorld } from "../support/client_world.ts";

describe("Client.losses()", () => {
  it("gives the ledger and the accounts, which close", async () => {
    const { client, requests } = await openClientWorld();
    await client.produce("logs", ["a", "b", "c"]);
    const { entries, accounts, totals, nextAfter } = await client.losses();
    expect([entries, nextAfter]).toEqual([[], null]);
    expect(totals).toEqual({ accepted: 3, delivered: 3, pending: 0, ledgered: 0 });
    expect(accounts).toMatchObject([{ gateway: "gateway-7", topic: "logs", accepted: 3 }]);
    await client.losses({ topic: "logs", since: new Date(5), until: 9, reason: "wiped", after: 3 });
    expect(requests.at(-1)).toBe(
      "GET /v1/losses?since=5&until=9&topic=logs&reason=wiped&after=3",
    );
    await expect(client.losses({ topic: "none" })).rejects.toMatchObject({ code: "unknown_topic" });
  });

  it("gives entries as the node writes them", async () => {
    const { client, faults } = await openClientWorld();
    const entry = {
      ...{ id: 4, log_id: "0a", topic: "logs", partition: 0, from: 1, to: 3, count: 2, bytes: 9 },
      ...{ min_timestamp: 5, max_timestamp: 6, reason: "evicted", state: "final", at: 7 },
    };
    const totals = { accepted: 3, delivered: 1, pending: 0, ledgered: 2 };
    faults.push(Response.json({ entries: [entry], next_after: 4, accounts: [], totals }));
    expect(await client.losses()).toEqual({
      entries: [{
        ...{ id: 4, logId: "0a", topic: "logs", partition: 0, from: 1, to: 3, count: 2 },
        ...{ minTimestamp: 5, maxTimestamp: 6, reason: "evicted", state: "final", at: 7 },
      }],
      ...{ nextAfter: 4, accounts: [], totals },
    });
  });
});
