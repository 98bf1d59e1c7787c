/** Live lanes at the receiver: islands, what fills the sea between them, and what is refused. */
import { beforeEach, describe, expect, it } from "vitest";
import { ISLANDS_MAX, OPEN_RANGES_MAX } from "../../src/base/limits.ts";
import { type AppendWriter, NO_FACTS } from "../../src/protocol/replication/append_frames.ts";
import { HandClock } from "../support/hand_clock.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { SimulatedNode, turns } from "../support/replication_world.ts";

const LOG = "00000000000000a1";
const NEXT = "00000000000000a2";
const OTHER = "00000000000000b1";

let clock: HandClock;
let centre: SimulatedNode;
let peer: RawPeer;

beforeEach(async () => {
  clock = new HandClock();
  centre = new SimulatedNode({ name: "centre", seed: 1, clock });
  await centre.start();
  peer = new RawPeer(centre.serve());
  await peer.hello({ max: 2 });
  await peer.announce({ logId: LOG });
});

/** One batch in a live lane that declares where its island began. */
function live(opening: number, from: number, values: readonly string[], logId = LOG) {
  return peer.append((writer) => {
    writer.lane("logs/0", "live", 0);
    writer.open({ logId, offset: opening });
    writer.batches([peer.batch(logId, from, values)]);
  });
}

function backlog(from: number, values: readonly string[], logId = LOG) {
  return peer.append((writer) => {
    writer.lane("logs/0", "backlog", 0);
    writer.batches([peer.batch(logId, from, values)]);
  });
}

async function parked<Answer>(asking: Promise<Answer>): Promise<Answer> {
  await turns(5);
  clock.advance(2_000);
  return await asking;
}

const values = async () => (await centre.records("logs")).map(({ value }) => value);

describe("a live lane", () => {
  it("makes an island where it says so, and goes on at its end", async () => {
    const opened = await live(5, 5, ["f", "g"]);
    expect(opened.json.logs).toEqual([
      { log_id: LOG, held: 0, settled: 0, islands: [{ from: 5, to: 7 }] },
    ]);
    expect((await live(5, 7, ["h"])).json.logs![0]!.islands).toEqual([{ from: 5, to: 8 }]);
    expect((await live(5, 5, ["f", "g"])).status).toBe(200);
    expect(await values()).toEqual(["f", "g", "h"]);
  });

  it("is one with the backlog once that has come to it", async () => {
    await live(3, 3, ["d"]);
    await backlog(0, ["a", "b"]);
    const met = await backlog(2, ["c"]);
    expect(met.json.logs).toEqual([{ log_id: LOG, held: 4, settled: 4 }]);
    expect((await live(3, 4, ["e"])).json.logs![0]!.held).toBe(5);
    expect((await backlog(5, ["f"])).json.logs![0]!.held).toBe(6);
    expect(await values()).toEqual(["d", "a", "b", "c", "e", "f"]);
  });

  it("waits for its own island's end, whatever the backlog does meanwhile", async () => {
    await live(50, 50, ["x"]);
    const early = live(50, 52, ["z"]);
    for (let at = 0; at < 30; at++) {
      await backlog(at, ["b"]);
      clock.advance(10);
    }
    expect((await live(50, 51, ["y"])).status).toBe(200);
    expect((await early).json.logs![0]!.islands).toEqual([{ from: 50, to: 53 }]);
    const { status, json } = await parked(live(50, 60, ["far"]));
    expect(status).toBe(409);
    expect(json.refused).toMatchObject([{ code: "lane_out_of_order", expected: 53 }]);
  });

  it("goes nowhere without an opening, nor below one", async () => {
    const closed = await parked(peer.append((writer) => {
      writer.lane("logs/0", "live", 0);
      writer.batches([peer.batch(LOG, 5, ["f"])]);
    }));
    expect(closed.json.refused).toMatchObject([{ code: "lane_out_of_order", expected: 0 }]);
    const below = await parked(live(9, 5, ["f"]));
    expect(below.json.refused).toMatchObject([{ code: "lane_out_of_order", expected: 0 }]);
    const ahead = await parked(live(5, 9, ["j"]));
    expect(ahead.json.refused).toMatchObject([{ code: "lane_out_of_order", expected: 5 }]);
    expect(await values()).toEqual([]);
  });

  it("does not wait for a predecessor, which the backlog still brings", async () => {
    await peer.announce({ logId: NEXT, firstOffset: 4, predecessor: LOG, predecessorEnd: 4 });
    expect((await live(4, 4, ["e"], NEXT)).json.logs![0]!.held).toBe(5);
    const strict = await parked(backlog(5, ["f"], NEXT));
    expect(strict.json.refused).toMatchObject([{ log_id: LOG, expected: 0 }]);
    await backlog(0, ["a", "b", "c", "d"]);
    expect((await backlog(5, ["f"], NEXT)).status).toBe(200);
    expect(await values()).toEqual(["e", "a", "b", "c", "d", "f"]);
  });

  it("may say what it will not send, next to its island", async () => {
    const skipAt = (from: number, to: number) =>
      peer.append((writer) => {
        writer.lane("logs/0", "live", 0);
        writer.open({ logId: LOG, offset: 5 });
        writer.skip({ logId: LOG, from, to, reason: "evicted", facts: NO_FACTS });
      });
    await live(5, 5, ["f"]);
    const { json } = await skipAt(6, 8);
    expect(json.skips).toEqual([{ log_id: LOG, from: 6, to: 8, lacking: [{ from: 6, to: 8 }] }]);
    expect(json.logs![0]!.islands).toEqual([{ from: 5, to: 8 }]);
    expect((await parked(skipAt(10, 12))).json.refused).toMatchObject([{ expected: 8 }]);
    expect((await live(5, 8, ["i"])).json.logs![0]!.islands).toEqual([{ from: 5, to: 9 }]);
  });

  it("cannot begin islands without end: at the bound it is told where it can go on", async () => {
    for (let at = 1; at <= ISLANDS_MAX; at++) await live(10 * at, 10 * at, ["x"]);
    const { status, json } = await live(9_000, 9_000, ["y"]);
    expect(status).toBe(429);
    expect(json.refused).toMatchObject([
      { code: "quota_exceeded", log_id: LOG, retriable: true, expected: 10 * ISLANDS_MAX + 1 },
    ]);
    expect((await live(10 * ISLANDS_MAX, 10 * ISLANDS_MAX + 1, ["y"])).status).toBe(200);
    expect((await backlog(0, ["b"])).status).toBe(200);
  });

  it("cannot make more of them by beginning each below the last", async () => {
    for (let at = 0; at < ISLANDS_MAX; at++) await live(1_000 - at, 1_000 - at, ["x"]);
    expect((await live(500, 500, ["y"])).json.refused).toMatchObject([{ code: "quota_exceeded" }]);
  });

  it("is refused in a session that agreed on version 1", async () => {
    await peer.hello({ max: 1 });
    await peer.announce({ logId: LOG });
    for (const mode of ["live", "backlog"] as const) {
      const { status, json } = await peer.append((writer) => {
        writer.lane("logs/0", mode, 0);
        writer.batches([peer.batch(LOG, 0, ["a"])]);
      });
      expect(status).toBe(400);
      expect(json.refused).toMatchObject([{ code: "malformed_body" }]);
    }
  });
});

describe("a failed commit", () => {
  it("takes an island with it, and what was queued on top of it", async () => {
    await backlog(0, ["a"]);
    centre.disk.syncFault = (path) => path.endsWith(".log") ? "fail" : null;
    const [opened, onTop] = await Promise.all([live(5, 5, ["f"]), parked(live(5, 6, ["g"]))]);
    expect([opened.status, onTop.status]).toEqual([503, 503]);
    centre.disk.syncFault = null;
    expect(centre.store.ranges.get(LOG)).toMatchObject({ watermark: 1, islands: [] });
    expect((await live(5, 5, ["f"])).json.logs![0]!.islands).toEqual([{ from: 5, to: 6 }]);
    expect(await values()).toEqual(["a", "f"]);
  });
});

describe("what lies elsewhere", () => {
  const elsewhere = (from: number, to: number, by = peer) =>
    by.append((writer) => {
      writer.lane("logs/0", "strict", 0);
      writer.skip({ logId: LOG, from, to, reason: "elsewhere", facts: NO_FACTS });
    });
  const pathKey = "0123456789abcdef0123456789abcdef";
  let old: RawPeer;

  beforeEach(async () => {
    // The gateway itself, and its earlier upstream, which still has some of its log.
    await peer.announce({ logId: LOG, pathKey });
    old = new RawPeer(centre.serve());
    await old.hello({ nodeId: "00000000000000bb", max: 2 });
  });

  it("lets the lane go on, and is told apart from what is here and settled", async () => {
    await backlog(0, ["a"]);
    const passed = await elsewhere(1, 3);
    expect(passed.json).toMatchObject({ skips: [], logs: [{ held: 3, settled: 1 }] });
    expect((await backlog(3, ["d"])).json.logs).toMatchObject([{ held: 4, settled: 1 }]);
    expect(centre.store.ranges.get(LOG)).toMatchObject({
      ...{ watermark: 4, contiguous: 1, lost: [] },
      elsewhere: [{ from: 1, to: 3 }],
    });
    expect((await elsewhere(1, 3)).json.logs).toMatchObject([{ held: 4, settled: 1 }]);
  });

  it("comes by the other path, in order, once", async () => {
    await backlog(0, ["a"]);
    await elsewhere(1, 4);
    await backlog(4, ["e"]);
    const known = await old.announce({ logId: LOG, pathKey });
    expect(known.json.logs).toEqual([
      { log_id: LOG, held: 1, settled: 1, islands: [{ from: 4, to: 5 }] },
    ]);
    const bring = (from: number, values: readonly string[]) =>
      old.append((writer) => {
        writer.lane("logs/0", "strict", 0);
        writer.batches([old.batch(LOG, from, values)]);
      });
    const early = await parked(bring(2, ["c"]));
    expect(early.json.refused).toMatchObject([{ code: "lane_out_of_order", expected: 1 }]);
    await bring(0, ["a"]);
    await bring(1, ["b"]);
    expect((await bring(2, ["c", "d"])).json.logs).toEqual([{ log_id: LOG, held: 5, settled: 5 }]);
    await bring(2, ["c", "d"]);
    expect(await values()).toEqual(["a", "e", "b", "c", "d"]);
  });

  it("may turn out to be lost there", async () => {
    await elsewhere(0, 4);
    await old.announce({ logId: LOG, pathKey });
    const { json } = await old.append((writer) => {
      writer.lane("logs/0", "strict", 0);
      writer.skip({ logId: LOG, from: 0, to: 2, reason: "corrupt", facts: NO_FACTS });
      writer.batches([old.batch(LOG, 2, ["c", "d"])]);
    });
    expect(json.skips).toEqual([{ log_id: LOG, from: 0, to: 2, lacking: [{ from: 0, to: 2 }] }]);
    expect(json.logs).toEqual([{ log_id: LOG, held: 4, settled: 4, settled_lost: 2 }]);
    expect(centre.store.ranges.get(LOG)!.lost).toEqual([{ from: 0, to: 2, reason: "corrupt" }]);
  });

  it.each([["before", false], ["after", true]])(
    "survives a crash %s a checkpoint",
    async (_, is) => {
      await backlog(0, ["a"]);
      await elsewhere(1, 3);
      await backlog(3, ["d"]);
      if (is) await centre.store.checkpoint();
      centre.crash();
      await centre.start();
      expect(centre.store.ranges.get(LOG)).toMatchObject({
        ...{ watermark: 4, contiguous: 1 },
        elsewhere: [{ from: 1, to: 3, by: "00000000000000aa" }],
      });
      old = new RawPeer(centre.serve());
      await old.hello({ nodeId: "00000000000000bb", max: 2 });
      await old.announce({ logId: LOG, pathKey });
      await old.append((writer) => {
        writer.lane("logs/0", "strict", 0);
        writer.batches([old.batch(LOG, 1, ["b", "c"])]);
      });
      expect(centre.store.ranges.get(LOG)).toMatchObject({ contiguous: 4, elsewhere: [] });
    },
  );

  it("has a bound", async () => {
    let at = 0;
    const pass = (count: number) =>
      peer.append((writer) => {
        writer.lane("logs/0", "strict", 0);
        for (const end = at + 2 * count; at < end; at += 2) {
          writer.skip({ logId: LOG, from: at, to: at + 1, reason: "elsewhere", facts: NO_FACTS });
          writer.skip({ logId: LOG, from: at + 1, to: at + 2, reason: "void", facts: NO_FACTS });
        }
      });
    for (let left = OPEN_RANGES_MAX; left > 0; left -= 512) await pass(512);
    const { status, json } = await pass(1);
    expect([status, json.refused![0]!.code]).toEqual([429, "quota_exceeded"]);
    expect(centre.store.ranges.get(LOG)!.elsewhere.length).toBe(OPEN_RANGES_MAX);
  });
});

describe("a peer that lies", () => {
  /** Whatever it did to its own log, others go on. */
  async function othersGoOn(): Promise<void> {
    const other = new RawPeer(centre.serve());
    await other.hello({ nodeId: "00000000000000cc", max: 2 });
    await other.announce({ logId: OTHER, topic: "others" });
    const { status } = await other.append((writer) => {
      writer.lane("others/0", "live", 0);
      writer.open({ logId: OTHER, offset: 3 });
      writer.batches([other.batch(OTHER, 3, ["x"])]);
    });
    expect(status).toBe(200);
    expect(centre.store.ranges.get(OTHER)!.islands).toEqual([{ from: 3, to: 4 }]);
  }

  const lane = (mode: "strict" | "live", fill: (writer: AppendWriter) => void) =>
    peer.append((writer) => {
      writer.lane("logs/0", mode, 0);
      fill(writer);
    });

  it("begins no island in a strict lane, nor in another peer's log", async () => {
    const strict = await lane("strict", (writer) => writer.open({ logId: LOG, offset: 5 }));
    expect([strict.status, strict.json.refused![0]!.code]).toEqual([400, "malformed_body"]);
    const thief = new RawPeer(centre.serve());
    await thief.hello({ nodeId: "00000000000000dd", max: 2 });
    for (const logId of [LOG, OTHER]) {
      const { json } = await thief.append((writer) => {
        writer.lane("logs/0", "live", 0);
        writer.open({ logId, offset: 5 });
        writer.batches([thief.batch(logId, 5, ["f"])]);
      });
      expect(json.refused).toMatchObject([
        { code: logId === LOG ? "peer_mismatch" : "log_not_announced" },
      ]);
    }
    expect(await values()).toEqual([]);
    await othersGoOn();
  });

  it("cannot flood a request with openings", async () => {
    const { status, json } = await lane("live", (writer) => {
      for (let at = 0; at < 10_000; at++) writer.open({ logId: LOG, offset: at });
    });
    expect([status, json.refused![0]!.code]).toEqual([400, "malformed_body"]);
    await othersGoOn();
  });

  it("cannot lay islands over each other, nor bring one twice", async () => {
    await live(5, 5, ["f", "g"]);
    for (const [from, texts] of [[4, ["e", "f"]], [6, ["g", "h"]], [4, ["e", "f", "g", "h"]]]) {
      const { status, json } = await live(from as number, from as number, texts as string[]);
      expect([status, json.refused![0]!.code]).toEqual([422, "batch_rejected"]);
    }
    expect((await live(6, 6, ["g"])).status).toBe(200);
    expect((await live(5, 5, ["f", "g"])).status).toBe(200);
    expect(await values()).toEqual(["f", "g"]);
    await othersGoOn();
  });

  it("cannot claim more than it brings: lengths, counts, offsets", async () => {
    const claims: ((batch: Uint8Array, view: DataView) => void)[] = [
      (_, view) => view.setInt32(8, 2 ** 31 - 1),
      (_, view) => view.setInt32(8, -5),
      (_, view) => view.setInt32(57, 2 ** 31 - 1),
      (_, view) => view.setInt32(23, 2 ** 31 - 2),
      (batch) => batch[batch.length - 1]! ^= 1,
    ];
    for (const claim of claims) {
      for (const again of [false, true]) {
        const batch = peer.batch(LOG, 5, ["f", "g"]);
        const view = new DataView(batch.buffer, batch.byteOffset);
        claim(batch, view);
        // With the checksum made good again, where that is the lie.
        if (again) view.setUint32(17, peer.crc32c(batch.subarray(21)));
        const { status, json } = await lane("live", (writer) => {
          writer.open({ logId: LOG, offset: 5 });
          writer.batches([batch]);
        });
        if (status === 200) continue; // The last one, made good, is a batch like any other.
        expect(json.refused).toMatchObject([{ code: "malformed_body" }]);
      }
    }
    await othersGoOn();
  });

  it("ends only its own log by naming offsets without end", async () => {
    const far = 2 ** 46 - 10;
    expect((await live(far, far, ["z"])).status).toBe(200);
    const skipped = await lane("strict", (writer) => {
      const to = Number.MAX_SAFE_INTEGER;
      writer.skip({ logId: LOG, from: 0, to, reason: "void", facts: NO_FACTS });
    });
    expect(skipped.json.logs).toMatchObject([{ held: Number.MAX_SAFE_INTEGER }]);
    await othersGoOn();
    centre.crash();
    await centre.start();
    expect(centre.store.ranges.get(LOG)!.watermark).toBe(Number.MAX_SAFE_INTEGER);
  });
});
