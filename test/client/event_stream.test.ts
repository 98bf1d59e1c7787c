import { describe, expect, it } from "vitest";
import { CLIENT_EVENT_BYTES_MAX } from "../../src/base/client_limits.ts";
import { EventStreamParser } from "../../src/client/event_stream.ts";

function eventsOf(...pieces: string[]) {
  const parser = new EventStreamParser();
  return pieces.flatMap((piece) => parser.push(piece));
}

const STREAM =
  ": hello\nretry: 1000\nid: 1\ndata: a\ndata:  b\n\nevent: gap\ndata: {}\nid: 2\n\ndata\n\n";
const EVENTS = [
  { name: "message", data: "a\n b", id: "1" },
  { name: "gap", data: "{}", id: "2" },
  { name: "message", data: "", id: "2" },
];

describe("EventStreamParser.push()", () => {
  it("reads fields as the HTML Standard says", () => {
    expect(eventsOf(STREAM)).toEqual(EVENTS);
  });

  it.each(["\n", "\r", "\r\n"])("takes lines ended by %j, cut anywhere", (end) => {
    const text = STREAM.replaceAll("\n", end);
    for (let at = 0; at <= text.length; at++) {
      expect(eventsOf(text.slice(0, at), text.slice(at)), `cut at ${at}`).toEqual(EVENTS);
    }
    expect(eventsOf(...text)).toEqual(EVENTS);
  });

  it("keeps an event back until it is whole", () => {
    expect(eventsOf("data: a\n")).toEqual([]);
    expect(eventsOf("data: a\n", "\n")).toEqual([{ name: "message", data: "a", id: "" }]);
  });

  it("takes an id without data, and none with a NUL", () => {
    expect(eventsOf("id: 7\n\nid: 8\0\ndata: x\n\n")).toEqual([
      { name: "message", data: "", id: "7" },
      { name: "message", data: "x", id: "7" },
    ]);
  });

  it("passes over a byte order mark at the very beginning", () => {
    expect(eventsOf("\ufeffdata: a\n\n")).toEqual([{ name: "message", data: "a", id: "" }]);
  });

  it("refuses an event without an end", () => {
    const parser = new EventStreamParser();
    const line = "data: " + "x".repeat(1024 * 1024) + "\n";
    expect(() => {
      for (let sent = 0; sent < 2 * CLIENT_EVENT_BYTES_MAX; sent += line.length) parser.push(line);
    }).toThrow(/over 16777216 characters/);
  });
});
