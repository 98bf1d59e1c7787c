import { describe, expect, it } from "vitest";
import type { LinkClass } from "../../src/replication/budget/link_class.ts";
import type { Lane } from "../../src/replication/lane.ts";
import { Stream } from "../../src/replication/stream.ts";
import { Turns } from "../../src/replication/turns.ts";

const LIVE: LinkClass = { kind: "live", priority: 5 };
const BACKLOG: LinkClass = { kind: "backlog", priority: 5 };
const URGENT: LinkClass = { kind: "live", priority: 9 };

function laneOf(...classes: LinkClass[]) {
  const streams = classes.map(() => new Stream(0));
  const lane = { streams: () => streams, classOf: (one: Stream) => classes[streams.indexOf(one)]! };
  return { lane: lane as unknown as Lane, streams, classes };
}

describe("Turns", () => {
  it("gives each of a class its turn, once each", () => {
    const turns = new Turns();
    const [first, second] = [laneOf(LIVE), laneOf(LIVE)];
    turns.put(first.lane);
    turns.put(second.lane);
    turns.put(first.lane);
    expect([turns.size, turns.sizeOf(LIVE)]).toEqual([2, 2]);
    expect(turns.take(LIVE)?.lane).toBe(first.lane);
    turns.put(first.lane);
    expect(turns.take(LIVE)?.lane).toBe(second.lane);
    expect(turns.take(LIVE)?.lane).toBe(first.lane);
    expect([turns.take(LIVE), turns.size]).toEqual([null, 0]);
  });

  it("names the classes with something to send, best first", () => {
    const turns = new Turns();
    turns.put(laneOf(BACKLOG, LIVE).lane);
    turns.put(laneOf(URGENT).lane);
    expect(turns.classes()).toEqual([URGENT, LIVE, BACKLOG]);
  });

  it("moves a stream whose class changed", () => {
    const turns = new Turns();
    const { lane, classes } = laneOf(LIVE);
    turns.put(lane);
    classes[0] = BACKLOG;
    turns.put(lane);
    expect([turns.classes(), turns.size]).toEqual([[BACKLOG], 1]);
    turns.clear();
    expect([turns.classes(), turns.size]).toEqual([[], 0]);
  });
});
