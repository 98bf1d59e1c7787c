/** One lane of a request at the receiver: who may go on, who waits, and for what. */
import { describe, expect, it } from "vitest";
import { LaneAppend, type LaneAppendContext } from "../../src/replication/lane_append.ts";
import { Turnstile } from "../../src/replication/turnstile.ts";
import type { Frame, LogPlace } from "../../src/protocol/replication/append_frames.ts";
import { batchOf } from "../support/batches.ts";
import { testCore } from "../support/core.ts";
import { turns } from "../support/replication_world.ts";
import { openStore } from "../support/stores.ts";

const logId = "00000000000000a1";
const core = testCore();
const batches = (from: number, ...texts: string[]): Frame => ({
  kind: "batches",
  bytes: batchOf(core, texts, { logId, baseOffset: from }),
});

async function lanes() {
  const { store, world } = await openStore();
  const { clock } = world;
  await store.ranges.announce({
    logId,
    peer: "peer",
    gateway: "gateway",
    topic: "logs",
    partition: 0,
    firstOffset: 0,
    predecessor: null,
    predecessorEnd: 0,
    root: logId,
  });
  const counts = { appended: 0, duplicate: 0 };
  const ends: LogPlace[] = [];
  const context: LaneAppendContext = {
    core: store.core,
    ranges: store.ranges,
    turnstile: new Turnstile(clock, { waitMs: 1_000, waitersMax: 10 }),
    peer: "peer",
    protocol: 2,
    partition: ({ target }) => store.topic(target.topic)!.partitions[target.partition]!,
    latest: new Map(),
    skipping: new Map(),
    cycle: () => store.commits.cycle,
    told: (end) => ends.push(end),
    counted: (outcome) => counts[outcome]++,
  };
  const run = (...frames: Frame[]) =>
    new LaneAppend(context, { lane: "logs/0", mode: "strict", frames }).run();
  return { store, clock, context, counts, ends, run };
}

describe("LaneAppend", () => {
  it("takes the same early batch once, however often it waits", async () => {
    const { store, counts, run } = await lanes();
    const early = [run(batches(1, "b")), run(batches(1, "b")), run(batches(1, "b"))];
    await turns();
    const outcomes = await Promise.all([run(batches(0, "a")), ...early]);
    expect(outcomes.map(({ refusal }) => refusal)).toEqual([null, null, null, null]);
    expect(counts).toEqual({ appended: 2, duplicate: 2 });
    expect(store.ranges.get(logId)?.watermark).toBe(2);
  });

  it("refuses what waited in vain, and says what it waited for", async () => {
    const { clock, run } = await lanes();
    const early = run(batches(5, "f"));
    await turns();
    clock.advance(1_000);
    expect((await early).refusal).toMatchObject({
      lane: "logs/0",
      logId,
      code: "lane_out_of_order",
      retriable: true,
      expected: 0,
    });
  });

  it("hears where logs end, of those only that its peer may speak for", async () => {
    const { context, ends, run } = await lanes();
    const end = { logId, offset: 9 };
    expect((await run({ kind: "end", end })).refusal).toBeNull();
    expect(ends).toEqual([end]);
    const foreign = { logId: "00000000000000b2", offset: 9 };
    expect((await run({ kind: "end", end: foreign })).refusal).toMatchObject({
      code: "log_not_announced",
    });
    const stranger = new LaneAppend({ ...context, peer: "stranger" }, {
      ...{ lane: "logs/0", mode: "strict", frames: [{ kind: "end", end }] },
    });
    expect((await stranger.run()).refusal).toMatchObject({ code: "peer_mismatch" });
    const old = new LaneAppend({ ...context, protocol: 1 }, {
      ...{ lane: "logs/0", mode: "strict", frames: [{ kind: "end", end }] },
    });
    expect((await old.run()).refusal).toMatchObject({ code: "malformed_body" });
    expect(ends).toEqual([end]);
  });

  it("lets nothing happen to a log while a skip of it is on its way to the ledger", async () => {
    const { store, context, run } = await lanes();
    const { promise, resolve } = Promise.withResolvers<void>();
    context.skipping.set(logId, promise);
    const waiting = run(batches(0, "a"));
    await turns();
    expect(store.ranges.get(logId)?.expected).toBe(0);
    context.skipping.delete(logId);
    resolve();
    expect((await waiting).refusal).toBeNull();
    expect(store.ranges.get(logId)?.watermark).toBe(1);
  });

  it("refuses batches whose offsets are not dense", async () => {
    const { run } = await lanes();
    const frame = batches(0, "a", "b");
    if (frame.kind !== "batches") throw new Error("not batches");
    // lastOffsetDelta, with the checksum made good again.
    const view = new DataView(frame.bytes.buffer, frame.bytes.byteOffset);
    view.setInt32(23, 7);
    view.setUint32(17, core.crc32c(frame.bytes.subarray(21)));
    expect((await run(frame)).refusal).toMatchObject({ code: "malformed_body" });
  });
});
