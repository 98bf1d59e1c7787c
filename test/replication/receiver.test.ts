/** The receiver's own part: sessions, standings, settlement. Its doors: http/app.test.ts. */
import { describe, expect, it } from "vitest";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import { SILENT_METRICS } from "../../src/base/metrics.ts";
import { Receiver } from "../../src/replication/receiver.ts";
import { AppendWriter } from "../../src/protocol/replication/append_frames.ts";
import { batchOf } from "../support/batches.ts";
import { testCore } from "../support/core.ts";
import { append, openStore } from "../support/stores.ts";

const logId = "00000000000000a1";
const log = {
  logId,
  gateway: "gateway",
  topic: "logs",
  partition: 0,
  firstOffset: 0,
  endOffset: 9,
  predecessor: null,
  predecessorEnd: 0,
  root: logId,
};
const hello = { versions: { min: 1, max: 1 }, nodeId: "00000000000000aa", nodeName: "gateway" };

async function receiverWith(settledOf?: () => number) {
  const { store, world } = await openStore();
  const { clock, random } = world;
  const receiver = new Receiver({
    store,
    nodeName: "centre",
    clock,
    timers: clock,
    random,
    logger: SILENT_LOGGER,
    metrics: SILENT_METRICS,
    ...(settledOf === undefined ? {} : { settledOf }),
  });
  const { session } = receiver.hello(hello, null);
  const core = testCore();
  const append = (pending: number) => {
    const writer = new AppendWriter(receiver.crc32c);
    writer.lane("logs/0", "strict", pending);
    writer.batches([batchOf(core, ["a", "b"], { logId })]);
    return receiver.append(writer.finish(), { session, credential: null });
  };
  return { receiver, session, store, append };
}

describe("Receiver", () => {
  it("says where it stands: nowhere at first, then at what is durable", async () => {
    const { receiver, session, append } = await receiverWith();
    const { logs } = await receiver.announce({ session, logs: [log] }, null);
    expect(logs).toEqual([{ logId, held: 0, settled: 0 }]);
    expect((await append(0)).logs).toEqual([{ logId, held: 2, settled: 2 }]);
    const again = await receiver.announce({ session, logs: [log] }, null);
    expect(again.logs).toEqual([{ logId, held: 2, settled: 2 }]);
  });

  it("tells held from settled at a relay", async () => {
    const { receiver, session, append } = await receiverWith(() => 1);
    await receiver.announce({ session, logs: [log] }, null);
    expect((await append(0)).logs).toEqual([{ logId, held: 2, settled: 1 }]);
  });

  it("remembers what each lane still has to send", async () => {
    const { receiver, session, append } = await receiverWith();
    await receiver.announce({ session, logs: [log] }, null);
    await append(41);
    const [only] = [...receiver.sessions.all()];
    expect([...only!.pending]).toEqual([["logs/0", 41]]);
  });
});

describe("Receiver.announce()", () => {
  const key = "a1".repeat(16);
  const greet = (receiver: Receiver, credential: string | null, nodeId: string) =>
    receiver.hello({ ...hello, nodeId }, credential).session;

  it("takes one log by several paths, and shows each where it stands", async () => {
    const { receiver, session } = await receiverWith();
    await receiver.announce({ session, logs: [{ ...log, pathKey: key }] }, null);
    const other = greet(receiver, "site-2", "00000000000000bb");
    const request = { session: other, logs: [{ ...log, pathKey: key }] };
    const { logs, refused } = await receiver.announce(request, "site-2");
    expect(refused).toEqual([]);
    expect(logs).toEqual([{ logId, held: 0, settled: 0 }]);
    const append = appendOf(receiver, other, "site-2");
    expect((await append()).logs).toEqual([{ logId, held: 2, settled: 2 }]);
    const again = await receiver.announce({ session, logs: [log] }, null);
    expect(again.logs).toEqual([{ logId, held: 2, settled: 2 }]);
  });

  it("refuses a peer that shows no key, or another, and takes nothing of it", async () => {
    const { receiver, session } = await receiverWith();
    await receiver.announce({ session, logs: [{ ...log, pathKey: key }] }, null);
    const other = greet(receiver, null, "00000000000000bb");
    for (const pathKey of [null, "b2".repeat(16)]) {
      const request = { session: other, logs: [{ ...log, pathKey }] };
      const { logs, refused } = await receiver.announce(request, null);
      expect(logs).toEqual([]);
      expect(refused).toMatchObject([{ logId, code: "peer_mismatch", retriable: false }]);
    }
    const { refused, logs } = await appendOf(receiver, other, null)();
    expect(refused).toMatchObject([{ code: "peer_mismatch" }]);
    expect(logs).toEqual([]);
  });

  it("refuses its own logs, those it has forgotten too: they came round in a loop", async () => {
    const { receiver, session, store } = await receiverWith();
    const { partitions } = await store.createTopic("logs");
    await append(store, partitions[0]!, ["own"]);
    const [own] = store.logs.all();
    const theirs = { ...log, logId: own!.logId, root: own!.root };
    const forgotten = { ...log, pathKey: store.logs.pathKeyOf(logId) };
    for (const announced of [theirs, forgotten]) {
      const { refused } = await receiver.announce({ session, logs: [announced] }, null);
      expect(refused).toMatchObject([{ code: "loop_detected", retriable: false }]);
    }
    expect(store.ranges.size).toBe(0);
  });
});

function appendOf(receiver: Receiver, session: string, credential: string | null) {
  return () => {
    const writer = new AppendWriter(receiver.crc32c);
    writer.lane("logs/0", "strict", 0);
    writer.batches([batchOf(testCore(), ["a", "b"], { logId })]);
    return receiver.append(writer.finish(), { session, credential });
  };
}
