import { describe, expect, it } from "vitest";
import { OWN_LOGS_KEPT_MAX } from "../../src/base/limits.ts";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import { pruneLogs } from "../../src/store/prune_logs.ts";
import { append, openStore } from "../support/stores.ts";

/** A partition with a record of each of more runs than are kept. */
async function fixture({ hasUpstream }: { readonly hasUpstream: boolean }) {
  let { store, world } = await openStore({ hasUpstream });
  for (let run = 0; run < OWN_LOGS_KEPT_MAX + 3; run++) {
    if (run > 0) ({ store, world } = await openStore(world));
    const { partitions: [log] } = await store.createTopic("logs");
    await append(store, log!, ["a"]);
    const [logId] = store.logs.chain("logs", 0).slice(-1).map(({ logId }) => logId);
    store.forwarded.setLog("logs", 0, logId!, { held: run + 1, settled: run + 1 });
    await store.close();
  }
  ({ store } = await openStore(world));
  const prune = (logStartOffset: number) =>
    pruneLogs(store, { logOf: () => ({ logStartOffset }), logger: SILENT_LOGGER });
  return { store, prune, count: () => store.logs.chain("logs", 0).length };
}

describe("pruneLogs()", () => {
  it("forgets runs of long ago of which nothing stands here any more", async () => {
    const { prune, count } = await fixture({ hasUpstream: false });
    const before = count();
    prune(0);
    expect(count()).toBe(before);
    prune(2);
    expect(count()).toBe(before - 2);
    prune(1_000);
    expect(count()).toBe(OWN_LOGS_KEPT_MAX);
  });

  it("keeps those the upstream has not settled", async () => {
    const { store, prune, count } = await fixture({ hasUpstream: true });
    const before = count();
    prune(1_000);
    expect(count()).toBe(before);
    store.forwarded.set("logs", 0, { held: 2, settled: 2 });
    prune(1_000);
    expect(count()).toBe(before - 2);
    // And with them what is remembered of their acknowledgements.
    expect(store.forwarded.logsHere("logs", 0).length).toBe(before - 2);
  });
});
