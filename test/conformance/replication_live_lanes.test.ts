/** Live lanes at the receiver: islands, what fills the sea between them, and what is refused. */
import { beforeEach, describe, expect, it } from "vitest";
import { ISLANDS_MAX } from "../../src/base/limits.ts";
import { NO_FACTS } from "../../src/protocol/replication/append_frames.ts";
import { HandClock } from "../support/hand_clock.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { SimulatedNode, turns } from "../support/replication_world.ts";

const LOG = "00000000000000a1";
const NEXT = "00000000000000a2";

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
