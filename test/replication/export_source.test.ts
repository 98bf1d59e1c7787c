/** What an export carries: all that the upstream did not acknowledge, and nothing noted for it. */
import { describe, expect, it } from "vitest";
import { type ExportPart, exportParts } from "../../src/replication/export_source.ts";
import { decodeAppend } from "../../src/protocol/replication/append_frames.ts";
import { sourceBatches } from "../../src/replication/importer.ts";
import { append, openStore } from "../support/stores.ts";

async function gateway() {
  const { store } = await openStore({ hasUpstream: true });
  const { partitions } = await store.createTopic("logs", { partitions: 2 });
  await append(store, partitions[0]!, ["a", "b", "c"]);
  await append(store, partitions[0]!, ["d", "e"]);
  await append(store, partitions[1]!, ["f"]);
  const logIds = [0, 1].map((index) => store.logs.chain("logs", index)[0]!.logId);
  return { store, partitions, logIds };
}

async function exported(store: Parameters<typeof exportParts>[0]["store"]) {
  const parts: ExportPart[] = [];
  for await (const part of exportParts({ store, nodeName: "gw-1" })) parts.push(part);
  const crc32c = (bytes: Uint8Array) => store.core.crc32c(bytes);
  const logs = parts.flatMap((part) => part.kind === "announce" ? part.logs : []);
  const frames = parts.flatMap((part) => part.kind === "append" ? [part.body] : [])
    .flatMap((body) => decodeAppend(body, crc32c)).flatMap((lane) => lane.frames);
  const batches = frames.flatMap((frame) =>
    frame.kind === "batches" ? [...sourceBatches(frame.bytes)] : []
  );
  const skips = frames.flatMap((frame) => frame.kind === "skip" ? [frame.skip] : []);
  return { logs, batches, skips };
}

describe("exportParts()", () => {
  it("is all there is where nothing was acknowledged, each log announced with its key", async () => {
    const { store, logIds } = await gateway();
    const { logs, batches } = await exported(store);
    expect(logs.map(({ logId }) => logId)).toEqual(logIds);
    expect(logs[0]!.pathKey).toBe(store.logs.pathKeyOf(logIds[0]!));
    expect(batches).toEqual([
      { logId: logIds[0], from: 0, to: 3 },
      { logId: logIds[0], from: 3, to: 5 },
      { logId: logIds[1], from: 0, to: 1 },
    ]);
  });

  it("leaves out what the upstream acknowledged, and notes nothing of its own", async () => {
    const { store, logIds } = await gateway();
    store.forwarded.setLog("logs", 0, logIds[0]!, { held: 3, settled: 0 });
    store.forwarded.set("logs", 0, { held: 3, settled: 0 });
    const before = store.forwarded.checkpoint();
    const { batches } = await exported(store);
    expect(batches).toEqual([
      { logId: logIds[0], from: 3, to: 5 },
      { logId: logIds[1], from: 0, to: 1 },
    ]);
    expect(store.forwarded.checkpoint()).toEqual(before);
    expect(await exported(store)).toMatchObject({ batches });
  });

  it("tells of what was given up, where it would have come", async () => {
    const { store, partitions, logIds } = await gateway();
    const range = { from: 0, to: 3, count: 3, bytes: 9, minTimestamp: 1, maxTimestamp: 2 };
    const of = { logId: logIds[0]!, topic: "logs", partition: 0 };
    await store.ledger.change({
      entries: [{ ...range, ...of, reason: "evicted", state: "provisional" }],
      start: { directory: "logs-0", offset: 3, held: 0, settled: 0 },
    });
    partitions[0]!.setLogStart(3);
    const { skips, batches } = await exported(store);
    expect(skips).toMatchObject([{ logId: logIds[0], from: 0, to: 3, reason: "evicted" }]);
    expect(batches[0]).toEqual({ logId: logIds[0], from: 3, to: 5 });
  });
});
