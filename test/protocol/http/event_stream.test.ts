import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/base/bytes.ts";
import {
  endEvent,
  gapEvent,
  keepAlive,
  openingEvent,
  recordEvent,
} from "../../../src/protocol/http/event_stream.ts";
import { EventParser } from "../../support/event_stream.ts";

const parsed = (text: string) => new EventParser().push(utf8(text));

describe("recordEvent()", () => {
  it("is a message of one line, whatever the record holds", () => {
    for (const value of ["plain", "two\nlines", "\r\n\r\n", "data: x\n\n", "\u2028\u2029\0é"]) {
      const record = {
        ...{ topic: "t", partition: 1, offset: 7, timestamp: 5, headers: [] },
        key: null,
        value: utf8(value),
      };
      const events = parsed(recordEvent("CUR-sor_1", record));
      expect(events).toEqual([{
        type: "message",
        data: expect.any(String),
        lastEventId: "CUR-sor_1",
      }]);
      expect(JSON.parse(events[0]!.data)).toMatchObject({ offset: 7, value });
    }
  });
});

describe("gapEvent() and endEvent()", () => {
  it("are named, and an end does not move the reader", () => {
    const gap = { topic: "t", partition: 0, from: 1, to: 3, reason: "retention" };
    const end = { code: "slow_reader", detail: "why" };
    const events = parsed(gapEvent("A", gap) + endEvent(end));
    expect(events.map(({ type, lastEventId }) => [type, lastEventId]))
      .toEqual([["gap", "A"], ["end", "A"]]);
    expect(events.map(({ data }) => JSON.parse(data))).toEqual([gap, end]);
  });
});

describe("openingEvent() and keepAlive()", () => {
  it("are no events, and yet tell the reader where it is", () => {
    const parser = new EventParser();
    expect(parser.push(utf8(openingEvent(1000, "A")))).toEqual([]);
    expect([parser.retryMs, parser.lastEventId]).toEqual([1000, "A"]);
    expect(parser.push(utf8(keepAlive("B")))).toEqual([]);
    expect(parser.lastEventId).toBe("B");
    expect(parser.push(utf8(keepAlive(null)))).toEqual([]);
    expect([parser.comments, parser.lastEventId]).toEqual([2, "B"]);
  });
});
