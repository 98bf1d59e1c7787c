/** The receiver's own part: sessions, standings, settlement. Its doors: http/app.test.ts. */
import { describe, expect, it } from "vitest";
import { SILENT_LOGGER } from "../../src/base/log.ts";
import { SILENT_METRICS } from "../../src/base/metrics.ts";
import { Receiver } from "../../src/replication/receiver.ts";
import { AppendWriter } from "../../src/protocol/replication/append_frames.ts";
import { batchOf } from "../support/batches.ts";
import { testCore } from "../support/core.ts";
import { openStore } from "../support/stores.ts";

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
  return { receiver, session, append };
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
