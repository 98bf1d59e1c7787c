/** Requests: many lanes share one, each gets its turn, and the ledger goes ahead. */
import { describe, expect, it } from "vitest";
import { OperatingError } from "../../src/base/errors.ts";
import { REPLICATION_LANES_PER_REQUEST_MAX } from "../../src/base/link_limits.ts";
import { decodeAppend } from "../../src/protocol/replication/append_frames.ts";
import { Lane } from "../../src/replication/lane.ts";
import { buildRequest } from "../../src/replication/lane_request.ts";
import { RequestBuffers } from "../../src/replication/request_buffers.ts";
import { StoreBooks } from "../../src/replication/store_books.ts";
import { Turns } from "../../src/replication/turns.ts";
import { append, openStore } from "../support/stores.ts";

async function lanesWith(partitions: number, records = 1) {
  const { store } = await openStore();
  const topic = await store.createTopic("logs", { partitions });
  const books = new StoreBooks(store, "gateway");
  const lanes: Lane[] = [];
  for (const log of topic.partitions) {
    await append(store, log, Array.from({ length: records }, (_, at) => `p${log.index} v${at}`));
    const lane = new Lane(log, books.of(log), 0);
    lane.resume(
      new Map(lane.toAnnounce().map(({ logId }) => [logId, { logId, held: 0, settled: 0 }])),
    );
    lanes.push(lane);
  }
  const crc32c = (bytes: Uint8Array) => store.core.crc32c(bytes);
  return { store, books, lanes, crc32c, turns: turnsOf(lanes) };
}

function turnsOf(lanes: readonly Lane[]): Turns {
  const turns = new Turns();
  for (const lane of lanes) turns.put(lane);
  return turns;
}

const LIVE = { kind: "live", priority: 5 } as const;
const whole = {
  linkClass: LIVE,
  bytesMax: 1 << 20,
  sharedBytesMax: 0,
  buffers: new RequestBuffers(),
};

const failed = (_lane: Lane, error: OperatingError) => {
  throw error;
};

describe("buildRequest()", () => {
  it("puts many small lanes into one request, as many as it may hold", async () => {
    const { books, turns, crc32c } = await lanesWith(REPLICATION_LANES_PER_REQUEST_MAX + 3);
    const first = await buildRequest(turns, { ...whole, crc32c, books, failed });
    expect(first.parts).toHaveLength(REPLICATION_LANES_PER_REQUEST_MAX);
    expect(decodeAppend(first.body, crc32c)).toHaveLength(REPLICATION_LANES_PER_REQUEST_MAX);
    const second = await buildRequest(turns, { ...whole, crc32c, books, failed });
    expect(second.parts).toHaveLength(3);
    expect(turns.size).toBe(0);
  });

  it("stops when it is full, and leaves the others their turn", async () => {
    const { books, lanes, turns, crc32c } = await lanesWith(3, 50);
    const request = await buildRequest(turns, { ...whole, bytesMax: 10, crc32c, books, failed });
    expect(request.served).toEqual([lanes[0]]);
    expect(turns.size).toBe(2);
  });

  it("goes without a lane that cannot be read", async () => {
    const { books, lanes, turns, crc32c } = await lanesWith(2);
    const trouble = new OperatingError("storage_failed", "Cannot read");
    lanes[0]!.load = () => Promise.reject(trouble);
    const troubles: unknown[] = [];
    const request = await buildRequest(turns, {
      ...whole,
      crc32c,
      books,
      failed: (lane, error) => troubles.push([lane, error]),
    });
    expect(troubles).toEqual([[lanes[0], trouble]]);
    expect(request.parts.map(({ lane }) => lane)).toEqual([lanes[1]]);
  });

  it("has what is given up in the ledger before anyone is told", async () => {
    const { store, books, lanes, turns, crc32c } = await lanesWith(1, 5);
    store.topic("logs")!.partitions[0]!.setLogStart(5);
    const request = await buildRequest(turns, { ...whole, crc32c, books, failed });
    expect(request.parts[0]!.load.questions).toMatchObject([{ from: 0, to: 5 }]);
    expect([...store.ledger.entries()]).toMatchObject([
      { from: 0, to: 5, reason: "lost_at_receiver", state: "provisional" },
    ]);
    expect(lanes[0]!.pending).toBe(0);
  });
});
