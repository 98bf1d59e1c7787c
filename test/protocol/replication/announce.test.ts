/** Announcements: there and back, and the lies that can be seen without looking anything up. */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import {
  announceAnswerToJson,
  decodeAnnounceAnswer,
  decodeAnnounceRequest,
  encodeAnnounceRequest,
  type LogAnnouncement,
} from "../../../src/protocol/replication/announce.ts";

const session = "0123456789abcdef0123456789abcdef";
const first: LogAnnouncement = {
  logId: "00000000000000aa",
  gateway: "ferry-7",
  topic: "logs",
  partition: 3,
  firstOffset: 0,
  endOffset: 70,
  predecessor: null,
  predecessorEnd: 0,
  root: "00000000000000aa",
};
const second: LogAnnouncement = {
  ...first,
  logId: "00000000000000bb",
  firstOffset: 70,
  endOffset: 71,
  predecessor: "00000000000000aa",
  predecessorEnd: 69,
};

const sent = (changes: Partial<LogAnnouncement>) => () =>
  decodeAnnounceRequest(encodeAnnounceRequest({ session, logs: [{ ...second, ...changes }] }));

describe("decodeAnnounceRequest()", () => {
  it("reads what was written", () => {
    const request = { session, logs: [first, second] };
    expect(decodeAnnounceRequest(encodeAnnounceRequest(request))).toEqual(request);
  });

  it("carries the path key", () => {
    const logs = [{ ...first, pathKey: "0123456789abcdef0123456789abcdef" }];
    expect(decodeAnnounceRequest(encodeAnnounceRequest({ session, logs })).logs).toEqual(logs);
    expect(sent({ pathKey: "0123" })).toThrow('"path_key"');
  });

  it("refuses ranges that cannot be", () => {
    expect(sent({ endOffset: 69 })).toThrow('"end_offset"');
    expect(sent({ firstOffset: -1 })).toThrow('"first_offset"');
    expect(sent({ predecessorEnd: 71 })).toThrow('"predecessor_end"');
    expect(sent({ firstOffset: 2 ** 60 })).toThrow('"first_offset"');
    expect(sent({ partition: 2000 })).toThrow('"partition"');
  });

  it("refuses more logs than a request may hold", () => {
    const logs = Array.from({ length: 501 }, () => first);
    expect(() => decodeAnnounceRequest(encodeAnnounceRequest({ session, logs })))
      .toThrow("at most 500 allowed");
  });
});

describe("decodeAnnounceAnswer()", () => {
  it("reads what was written, good news and bad", () => {
    const answer = {
      logs: [
        {
          logId: first.logId,
          held: 70,
          settled: 12,
          islands: [{ from: 80, to: 90 }],
          elsewhere: [{ from: 5, to: 9 }],
        },
        { logId: second.logId, held: 70, settled: 12 },
      ],
      refused: [{
        lane: null,
        logId: second.logId,
        code: "peer_mismatch",
        detail: "Cannot accept log",
        retriable: false,
        expected: null,
        range: null,
      }],
    };
    const body = utf8(JSON.stringify(announceAnswerToJson(answer)));
    expect(decodeAnnounceAnswer(body)).toEqual(answer);
  });

  it("reads the route, where the peer knows one", () => {
    const route = ["00000000000000bb", "00000000000000cc"];
    const body = utf8(JSON.stringify(announceAnswerToJson({ logs: [], refused: [], route })));
    expect(decodeAnnounceAnswer(body)).toEqual({ logs: [], refused: [], route });
    const wrong = utf8(JSON.stringify({ logs: [], refused: [], route: ["centre"] }));
    expect(() => decodeAnnounceAnswer(wrong)).toThrow("16 lower-case hex digits");
  });
});
