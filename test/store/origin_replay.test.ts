/** What of the origin journal stands at a start; whole stores are in origin_journal.test.ts. */
import { describe, expect, it } from "vitest";
import type { OriginFrame } from "../../src/format/origin_frame.ts";
import { HttpRequests } from "../../src/store/http_requests.ts";
import { MqttSessions } from "../../src/store/mqtt_sessions.ts";
import { OriginReplay, type ReadFrame } from "../../src/store/origin_replay.ts";

const ENDS = { logStartOffset: 0, highWatermark: 100 };
const LOG = { topic: "logs", index: 0, handle: 0 };

function replay(frames: readonly OriginFrame[], settledBelow: number, unsettled: number[] = []) {
  const [requests, sessions] = [new HttpRequests(), new MqttSessions()];
  const read = frames.map((frame, at): ReadFrame => [frame, at + 1]);
  const checkpoint = { settledBelow, unsettled };
  const doubts = new OriginReplay(read, { checkpoint, requests, sessions });
  return { doubts, requests, sessions };
}

function scanned(doubts: OriginReplay, baseOffset: number, crc: number): void {
  doubts.scanned(LOG, {
    ...{ baseOffset, crc, sizeBytes: 0, leaderEpoch: 0, attributes: 0, lastOffset: baseOffset },
    ...{ baseTimestamp: 0, maxTimestamp: 0, recordsCount: 1, logId: "", sourceOffset: 0 },
  });
}

const qos2 = (packetId: number, base: number, crc: number): OriginFrame => [
  "qos2",
  "c",
  packetId,
  ["logs", 0, base, base, [[base, crc]]],
];

describe("OriginReplay", () => {
  it("lets stand what the checkpoint knew, and of the rest what the log holds with that CRC", () => {
    const { doubts, sessions } = replay(
      [
        ["session", "c"],
        qos2(1, 10, 111),
        qos2(2, 11, 222),
        qos2(3, 50, 333),
        qos2(4, 51, 444),
        qos2(5, 52, 555),
      ],
      4,
      [3],
    );
    scanned(doubts, 50, 333);
    scanned(doubts, 51, 999);
    doubts.decide(() => ENDS);
    expect([1, 2, 3, 4, 5].filter((id) => sessions.holds("c", id))).toEqual([1, 3]);
  });

  it("forgets what was released, dropped or made void later, in doubt or not", () => {
    const { doubts, sessions } = replay([
      ["session", "c"],
      qos2(1, 10, 111),
      qos2(2, 50, 222),
      ["release", "c", 1],
      ["release", "c", 2],
      qos2(3, 51, 333),
      ["void", [6]],
    ], 3);
    for (const [base, crc] of [[50, 222], [51, 333]] as const) scanned(doubts, base, crc);
    doubts.decide(() => ENDS);
    expect([1, 2, 3].filter((id) => sessions.holds("c", id))).toEqual([]);
  });

  it("keeps of a request the batches that are there, by their place in it", () => {
    const { doubts, requests } = replay([
      ["http", "p", 1, "print", 9, null, ["logs", 0, 21, 28, [[20, 1], [24, 2], [26, 3]]], 1],
    ], 0);
    scanned(doubts, 20, 1);
    scanned(doubts, 26, 3);
    doubts.decide(() => ENDS);
    const [request] = [...requests.all()];
    expect(request!.parts).toEqual([
      { topic: "logs", partition: 0, from: 1, to: 4, baseOffset: 21 },
      { topic: "logs", partition: 0, from: 6, to: 9, baseOffset: 26 },
    ]);
    expect(request!.complete).toBe(false);
  });

  it("takes back what lies above the end of a log whose disk lied", () => {
    const { doubts, requests } = replay([
      ["done", "p", 1, "print", 4, null, [["logs", 0, 0, 2, 97], ["logs", 0, 2, 4, 99]]],
    ], 9);
    doubts.decide(() => ENDS);
    expect([...requests.all()][0]!.parts.map(({ from }) => from)).toEqual([0]);
  });

  it("counts what retention removed since as durable", () => {
    const { doubts, sessions } = replay([["session", "c"], qos2(1, 10, 111)], 0);
    doubts.decide(() => ({ logStartOffset: 50, highWatermark: 100 }));
    expect(sessions.holds("c", 1)).toBe(true);
  });
});
