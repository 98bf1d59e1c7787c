/**
 * The doors between nodes, knocked on by a peer that lies: each lie gets a clear error, and touches
 * no log but its own.
 */
import { beforeEach, describe, expect, it } from "vitest";
import { NO_FACTS } from "../../../src/protocol/replication/append_frames.ts";
import { HandClock } from "../../support/hand_clock.ts";
import { RawPeer } from "../../support/raw_peer.ts";
import { SimulatedNode, turns } from "../../support/replication_world.ts";

const LOG = "00000000000000a1";
const OTHER = "00000000000000b2";

let clock: HandClock;
let centre: SimulatedNode;
let peer: RawPeer;

beforeEach(async () => {
  clock = new HandClock();
  centre = new SimulatedNode({ name: "centre", seed: 1, clock });
  await centre.start();
  peer = new RawPeer(centre.serve());
});

const values = async () => (await centre.records("logs")).map(({ value }) => value);

/** A request that is parked ends when its time is up. */
async function parked<Answer>(asking: Promise<Answer>): Promise<Answer> {
  await turns(5);
  clock.advance(2_000);
  return await asking;
}

describe("hello", () => {
  it("refuses a peer that is only newer, and names both", async () => {
    const { status, json } = await peer.hello({ min: 7, max: 8 });
    expect(status).toBe(400);
    expect(json).toMatchObject({ code: "unsupported_version" });
    expect(json.detail).toContain("the peer speaks versions 7-8, this node speaks versions 1-2");
  });

  it("takes the newest version both speak", async () => {
    expect((await peer.hello({ min: 1, max: 9 })).json).toMatchObject({ protocol: 2 });
  });

  it("refuses the node itself", async () => {
    const { status, json } = await peer.hello({ nodeId: centre.store.nodeId });
    expect(status).toBe(409);
    expect(json).toMatchObject({ code: "loop_detected" });
  });

  it("refuses a body that was damaged on the way", async () => {
    const body = new TextEncoder().encode("{}");
    const { status, json } = await peer.post("/v1/replication/hello", body, {
      "logboom-crc32c": "00000000",
    });
    expect([status, json.code]).toEqual([400, "malformed_body"]);
  });
});

describe("announce", () => {
  it("needs a session", async () => {
    const { status, json } = await peer.announce({ logId: LOG });
    expect([status, json.code]).toEqual([400, "malformed_body"]);
    peer.session = "0".repeat(32);
    expect((await peer.announce({ logId: LOG })).json.code).toBe("unknown_session");
  });

  it("binds a log to its peer: another's credential gets 403, its own logs go on", async () => {
    const mine = new RawPeer(centre.serve(), "site-1");
    const theirs = new RawPeer(centre.serve(), "site-2");
    await mine.hello();
    await theirs.hello();
    expect((await mine.announce({ logId: LOG })).status).toBe(200);
    const { status, json } = await theirs.announce({ logId: LOG }, { logId: OTHER });
    expect(status).toBe(403);
    expect(json.refused).toMatchObject([{ log_id: LOG, code: "peer_mismatch" }]);
    expect(json.logs).toEqual([{ log_id: OTHER, held: 0, settled: 0 }]);

    const taken = await theirs.append((writer) => {
      writer.lane("logs/0", "strict", 0);
      writer.batches([theirs.batch(LOG, 0, ["forged"])]);
      writer.lane("logs/1", "strict", 0);
      writer.batches([theirs.batch(OTHER, 0, ["own"])]);
    });
    expect(taken.status).toBe(403);
    expect(taken.json.refused).toMatchObject([{ lane: "logs/0", code: "peer_mismatch" }]);
    expect(taken.json.logs).toEqual([{ log_id: OTHER, held: 1, settled: 1 }]);
    expect(await values()).toEqual(["own"]);
  });

  it("does not lend a session to another credential", async () => {
    const mine = new RawPeer(centre.serve(), "site-1");
    await mine.hello();
    const thief = new RawPeer(centre.serve(), "site-2");
    thief.session = mine.session;
    const { status, json } = await thief.announce({ logId: LOG });
    expect([status, json.code]).toEqual([403, "peer_mismatch"]);
  });

  it("refuses a topic that cannot be, and takes the logs beside it", async () => {
    await peer.hello();
    const { json } = await peer.announce({ logId: LOG, topic: "../etc" }, { logId: OTHER });
    expect(json.refused).toMatchObject([{ log_id: LOG, code: "invalid_topic" }]);
    expect(json.logs).toMatchObject([{ log_id: OTHER }]);
  });
});

describe("append", () => {
  beforeEach(async () => {
    await peer.hello();
    await peer.announce({ logId: LOG }, { logId: OTHER });
  });

  const send = (baseOffset: number, texts: readonly string[], logId = LOG) =>
    peer.append((writer) => {
      writer.lane("logs/0", "strict", 0);
      writer.batches([peer.batch(logId, baseOffset, texts)]);
    });

  it("appends, and answers what it holds", async () => {
    const { status, json } = await send(0, ["a", "b"]);
    expect(status).toBe(200);
    expect(json.logs).toEqual([{ log_id: LOG, held: 2, settled: 2 }]);
    expect(await values()).toEqual(["a", "b"]);
  });

  it("acknowledges a replay and does not append it", async () => {
    await send(0, ["a", "b"]);
    const [again, atOnce] = await Promise.all([send(0, ["a", "b"]), send(0, ["a", "b"])]);
    expect(again.json.logs).toEqual([{ log_id: LOG, held: 2, settled: 2 }]);
    expect(atOnce.status).toBe(200);
    expect(await values()).toEqual(["a", "b"]);
  });

  it("answers a replay of what is still on its way to the disk only when it is there", async () => {
    const release = centre.disk.holdSyncs();
    const first = send(0, ["a"]);
    await turns();
    let answered = false;
    const again = send(0, ["a"]).finally(() => answered = true);
    await turns(10);
    expect(answered).toBe(false);
    release();
    expect((await first).json.logs).toEqual((await again).json.logs);
    expect(await values()).toEqual(["a"]);
  });

  it("lets requests overtake each other, for a while", async () => {
    const late = send(2, ["c"]);
    await turns(5);
    expect((await send(0, ["a", "b"])).status).toBe(200);
    expect((await late).json.logs).toEqual([{ log_id: LOG, held: 3, settled: 3 }]);
    expect(await values()).toEqual(["a", "b", "c"]);
  });

  it("refuses a gap with the offset it expects, and an overlap for good", async () => {
    await send(0, ["a", "b"]);
    const gap = await parked(send(5, ["x", "y"]));
    expect(gap.status).toBe(409);
    expect(gap.json.refused).toMatchObject([
      { code: "lane_out_of_order", log_id: LOG, expected: 2 },
    ]);
    const overlap = await send(1, ["x", "y"]);
    expect(overlap.status).toBe(422);
    expect(overlap.json.refused).toMatchObject([{ code: "batch_rejected", log_id: LOG }]);
    expect(await values()).toEqual(["a", "b"]);
  });

  it("holds a successor back until its predecessor is whole", async () => {
    const successor = "00000000000000a9";
    await peer.announce({
      logId: successor,
      firstOffset: 2,
      predecessor: LOG,
      predecessorEnd: 2,
      root: LOG,
    });
    const early = send(2, ["c"], successor);
    await turns(5);
    await send(0, ["a", "b"]);
    expect((await early).status).toBe(200);
    expect(await values()).toEqual(["a", "b", "c"]);
  });

  it("refuses a batch with a bad checksum, keeps what came before it, and the lanes beside", async () => {
    const bad = peer.batch(LOG, 1, ["b"]);
    bad[bad.length - 1]! ^= 1;
    const { status, json } = await peer.append((writer) => {
      writer.lane("logs/0", "strict", 0);
      writer.batches([peer.batch(LOG, 0, ["a"]), bad, peer.batch(LOG, 2, ["c"])]);
      writer.lane("logs/1", "strict", 0);
      writer.batches([peer.batch(OTHER, 0, ["z"])]);
    });
    expect(status).toBe(400);
    expect(json.refused).toMatchObject([{ lane: "logs/0", code: "malformed_body" }]);
    expect([...json.logs!].sort((a, b) => a.log_id < b.log_id ? -1 : 1)).toEqual([
      { log_id: LOG, held: 1, settled: 1 },
      { log_id: OTHER, held: 1, settled: 1 },
    ]);
    expect((await values()).sort()).toEqual(["a", "z"]);
  });

  it("refuses a log that nobody announced", async () => {
    const { status, json } = await send(0, ["a"], "00000000000000ff");
    expect([status, json.refused?.[0]?.code]).toEqual([409, "log_not_announced"]);
  });

  it("refuses lengths beyond the body, torn batches, and garbage, without reading further", async () => {
    const whole = peer.writer();
    whole.lane("logs/0", "strict", 0);
    whole.batches([peer.batch(LOG, 0, ["a"])]);
    const body = whole.finish();
    for (const torn of [body.slice(0, -1), body.slice(1), body.slice(0, 5)]) {
      expect((await peer.appendBody(torn)).json.code).toBe("malformed_body");
    }
    const gigantic = peer.batch(LOG, 0, ["a"]);
    new DataView(gigantic.buffer, gigantic.byteOffset).setInt32(8, 0x7fffffff);
    const { json } = await peer.append((writer) => {
      writer.lane("logs/0", "strict", 0);
      writer.batches([gigantic]);
    });
    expect(json.refused?.[0]?.code).toBe("malformed_body");
    expect(await values()).toEqual([]);
  });

  it("passes a skip, says what it lacks, says so again, and refuses the skipped as data", async () => {
    await send(0, ["a"]);
    const skip = () =>
      peer.append((writer) => {
        writer.lane("logs/0", "strict", 0);
        writer.skip({ logId: LOG, from: 0, to: 5, reason: "evicted", facts: NO_FACTS });
      });
    for (let times = 0; times < 2; times++) {
      const { json } = await skip();
      expect(json.skips).toMatchObject([{ log_id: LOG, lacking: [{ from: 1, to: 5 }] }]);
      expect(json.logs).toEqual([{ log_id: LOG, held: 5, settled: 5 }]);
    }
    await send(1, ["b", "c"]);
    await send(5, ["f"]);
    expect(await values()).toEqual(["a", "f"]);
    expect([...centre.store.ledger.entries()]).toMatchObject([{ from: 1, to: 5, state: "final" }]);
  });

  it("makes a skip wait behind what comes before it", async () => {
    const { status, json } = await peer.append((writer) => {
      writer.lane("logs/0", "strict", 0);
      writer.batches([peer.batch(LOG, 0, ["a", "b"])]);
      writer.skip({ logId: LOG, from: 2, to: 4, reason: "void", facts: NO_FACTS });
      writer.batches([peer.batch(LOG, 4, ["e"])]);
    });
    expect([status, json.logs?.[0]?.held]).toEqual([200, 5]);
    expect(await values()).toEqual(["a", "b", "e"]);
  });

  it("says when its disk is full, and takes the same batch once it is not", async () => {
    centre.disk.writeFault = (path) => path.endsWith(".log") ? "full" : null;
    const { status, json } = await send(0, ["a"]);
    expect([status, json.refused?.[0]?.code]).toEqual([507, "storage_full"]);
    centre.disk.writeFault = null;
    expect((await send(0, ["a"])).json.logs?.[0]?.held).toBe(1);
    expect(await values()).toEqual(["a"]);
  });

  it("refuses what does not fit the session or the door", async () => {
    const body = new Uint8Array(0);
    const codeOf = async (headers: Record<string, string>) =>
      (await peer.appendBody(body, headers)).json.code;
    expect(await codeOf({ "content-type": "application/json" })).toBe("unsupported_media_type");
    expect(await codeOf({ "logboom-protocol": "2" })).toBe("unsupported_version");
    expect(await codeOf({ "logboom-session": "0".repeat(32) })).toBe("unknown_session");
    const large = new Uint8Array(5 * 1024 * 1024);
    expect((await peer.appendBody(large)).json.code).toBe("body_too_large");
  });
});
