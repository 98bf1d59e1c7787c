/** The receiver's own part: sessions, standings, settlement. Its doors: http/app.test.ts. */
import { describe, expect, it } from "vitest";
import { type Logger, SILENT_LOGGER } from "../../src/base/log.ts";
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

async function receiverWith(
  settledOf?: () => number,
  route?: () => readonly string[],
  logger: Logger = SILENT_LOGGER,
) {
  const { store, world } = await openStore();
  const { clock, random } = world;
  const receiver = new Receiver({
    store,
    nodeName: "centre",
    clock,
    timers: clock,
    random,
    logger,
    metrics: SILENT_METRICS,
    ...(settledOf === undefined ? {} : { settledOf }),
    ...(route === undefined ? {} : { route }),
  });
  const { session } = receiver.hello(hello, null);
  const core = testCore();
  const append = (end?: number, sender = session) => {
    const writer = new AppendWriter(receiver.crc32c);
    writer.lane("logs/0", "strict", 0);
    if (end !== undefined) writer.end({ logId, offset: end });
    writer.batches([batchOf(core, ["a", "b"], { logId })]);
    return receiver.append(writer.finish(), { session: sender, credential: null });
  };
  return { receiver, session, store, append };
}

describe("Receiver", () => {
  it("says where it stands: nowhere at first, then at what is durable", async () => {
    const { receiver, session, append } = await receiverWith();
    const { logs } = await receiver.announce({ session, logs: [log] }, null);
    expect(logs).toEqual([{ logId, held: 0, settled: 0 }]);
    expect((await append()).logs).toEqual([{ logId, held: 2, settled: 2 }]);
    const again = await receiver.announce({ session, logs: [log] }, null);
    expect(again.logs).toEqual([{ logId, held: 2, settled: 2 }]);
  });

  it("tells held from settled at a relay", async () => {
    const { receiver, session, append } = await receiverWith(() => 1);
    await receiver.announce({ session, logs: [log] }, null);
    expect((await append()).logs).toEqual([{ logId, held: 2, settled: 1 }]);
  });

  it("remembers where logs end at their senders", async () => {
    const { receiver, session, append } = await receiverWith();
    expect(receiver.ends.of(logId)).toBeNull();
    await receiver.announce({ session, logs: [log] }, null);
    expect(receiver.ends.of(logId)).toBe(9);
    // Version 1 does not say it again.
    expect((await append(41)).refused).toMatchObject([{ code: "malformed_body" }]);
    const { session: newer } = receiver.hello({ ...hello, versions: { min: 1, max: 2 } }, null);
    await append(41, newer);
    expect(receiver.ends.of(logId)).toBe(41);
    expect([...receiver.sessions.lastSeen().keys()]).toEqual([hello.nodeId]);
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

describe("Receiver.hello()", () => {
  const [own, above, top] = ["0000000000000001", "00000000000000cc", "00000000000000dd"];

  it("tells its route, and refuses whoever stands in it: at once, and when it learns so", async () => {
    const route: string[] = [];
    const { receiver, store } = await receiverWith(undefined, () => route);
    expect(receiver.hello(hello, null).route).toEqual([store.nodeId]);
    expect(() => receiver.hello({ ...hello, nodeId: store.nodeId }, null)).toThrow("a copy of its");

    route.push(above!, top!);
    const { session, ...greeting } = receiver.hello({ ...hello, nodeId: own! }, null);
    expect(greeting.route).toEqual([store.nodeId, above, top]);
    expect(() => receiver.hello({ ...hello, nodeId: top! }, null)).toThrow("run in a loop");
    expect((await receiver.announce({ session, logs: [] }, null)).route).toEqual(greeting.route);
    route.push(own!);
    await expect(receiver.announce({ session, logs: [] }, null)).rejects.toMatchObject({
      code: "loop_detected",
    });
  });

  it("tells of a cloned identity once, with the names and addresses of both", async () => {
    const events: object[] = [];
    const logger = {
      ...SILENT_LOGGER,
      error: (event: string, of = {}) => events.push({ event, of }),
    };
    const { receiver } = await receiverWith(undefined, undefined, logger);
    const greet = (run: string, nodeName: string, address: string) =>
      receiver.hello({ ...hello, run, nodeName }, null, address).session;
    const first = greet("00000000000000e1", "kiosk", "10.0.0.1:4000");
    const second = greet("00000000000000e2", "kiosk-2", "10.0.0.2:4000");
    for (let turn = 0; turn < 20; turn++) {
      await receiver.announce({ session: first, logs: [] }, null);
      await receiver.announce({ session: second, logs: [] }, null);
    }
    expect(events).toEqual([{
      event: "cloned_identity",
      of: {
        node_id: hello.nodeId,
        nodes: [
          { node: "kiosk", address: "10.0.0.1:4000", peer: hello.nodeId },
          { node: "kiosk-2", address: "10.0.0.2:4000", peer: hello.nodeId },
        ],
      },
    }]);
  });
});
