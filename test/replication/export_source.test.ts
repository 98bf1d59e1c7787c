/** What an export carries: all that the upstream did not acknowledge, and nothing noted for it. */
import { describe, expect, it } from "vitest";
import { type ExportPart, exportParts } from "../../src/replication/export_source.ts";
import { AppendWriter, decodeAppend } from "../../src/protocol/replication/append_frames.ts";
import { sourceBatches } from "../../src/replication/importer.ts";
import { batchOf } from "../support/batches.ts";
import { testCore } from "../support/core.ts";
import { HandClock } from "../support/hand_clock.ts";
import { SimulatedNode } from "../support/replication_world.ts";
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
  return { logs, frames, batches, skips };
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

  it("passes over what was given up; only the link asks whether it is lost", async () => {
    const { store, partitions, logIds } = await gateway();
    const range = { from: 0, to: 3, count: 3, bytes: 9, minTimestamp: 1, maxTimestamp: 2 };
    const of = { logId: logIds[0]!, topic: "logs", partition: 0 };
    await store.ledger.change({
      entries: [{ ...range, ...of, reason: "evicted", state: "provisional" }],
      start: { directory: "logs-0", offset: 3, held: 0, settled: 0 },
    });
    partitions[0]!.setLogStart(3);
    const { skips, batches } = await exported(store);
    expect(skips).toMatchObject([{ logId: logIds[0], from: 0, to: 3, reason: "elsewhere" }]);
    expect(batches[0]).toEqual({ logId: logIds[0], from: 3, to: 5 });
  });
});

describe("exportParts() at a relay", () => {
  const LOG = "00000000000000f0";

  it("carries what came ahead of its turn as such, and comes to its end", async () => {
    const clock = new HandClock();
    const relay = new SimulatedNode({ name: "relay", seed: 1, clock });
    await relay.start();
    const core = testCore();
    const versions = { min: 1, max: 2 };
    const hello = { versions, nodeId: "00000000000000aa", nodeName: "gw" };
    const { session } = relay.receiver.hello(hello, null);
    const log = {
      ...{ logId: LOG, gateway: "gw", topic: "logs", partition: 0, firstOffset: 0, endOffset: 9 },
      ...{ predecessor: null, predecessorEnd: 0, root: LOG },
    };
    await relay.receiver.announce({ session, logs: [log] }, null);
    for (const [mode, baseOffset, values] of [["strict", 0, "ab"], ["live", 5, "fg"]] as const) {
      const writer = new AppendWriter((bytes) => core.crc32c(bytes));
      writer.lane("logs/0", mode, 0);
      if (mode === "live") writer.open({ logId: LOG, offset: baseOffset });
      writer.batches([batchOf(core, [...values], { logId: LOG, baseOffset })]);
      const { refused } = await relay.receiver.append(writer.finish(), {
        session,
        credential: null,
      });
      expect(refused).toEqual([]);
    }
    const { batches, frames } = await exported(relay.store);
    expect(batches.map(({ from, to }) => [from, to])).toEqual([[0, 2], [5, 7]]);
    expect(frames.filter(({ kind }) => kind === "open")).toHaveLength(1);
  });
});
