import { describe, expect, it } from "vitest";
import { REPLICATION_REQUEST_BYTES } from "../../src/base/link_limits.ts";
import type { LinkClass } from "../../src/replication/budget/link_class.ts";
import type { Lane } from "../../src/replication/lane.ts";
import { Pace } from "../../src/replication/pace.ts";
import { SendGate } from "../../src/replication/send_gate.ts";
import { Stream } from "../../src/replication/stream.ts";
import { Turns } from "../../src/replication/turns.ts";

const LIVE: LinkClass = { kind: "live", priority: 5 };
const BACKLOG: LinkClass = { kind: "backlog", priority: 5 };

function gateOf(waits: Partial<Record<LinkClass["kind"], number>> = {}) {
  const pace = new Pace();
  const gate = new SendGate({
    pace,
    lingerMs: 10,
    budget: {
      next: (classes) => [...classes][0] ?? null,
      waitMs: ({ kind }) => waits[kind] ?? 0,
      requestBytesMax: Infinity,
    },
  });
  const turns = new Turns();
  const put = (linkClass: LinkClass) => {
    const streams = [new Stream(0)];
    turns.put({ streams: () => streams, classOf: () => linkClass } as unknown as Lane);
  };
  return { pace, gate, turns, put };
}

/** A link of 50 KB/s, seen to be that. */
function measured(pace: Pace): void {
  for (let at = 0; at < 3; at++) pace.answered(pace.sent(10_000, false, at * 200), at * 200 + 200);
}

describe("SendGate", () => {
  it("lets nothing go where there is nothing", () => {
    const { gate, turns } = gateOf();
    expect(gate.next(turns, 0)).toEqual({ waitMs: Infinity });
  });

  it("holds the backlog back while the window is full, and live records never", () => {
    const { pace, gate, turns, put } = gateOf();
    put(BACKLOG);
    expect(gate.next(turns, 0)).toMatchObject({ linkClass: BACKLOG });
    while (pace.hasRoom(false, 0)) pace.sent(pace.requestBytes, false, 0);
    expect(gate.next(turns, 0)).toEqual({ waitMs: Infinity });
    put(LIVE);
    expect(gate.next(turns, 0)).toMatchObject({ linkClass: LIVE });
  });

  it("waits as long as the budget says, for the class that waits least", () => {
    const { gate, turns, put } = gateOf({ live: 70, backlog: 30 });
    put(BACKLOG);
    put(LIVE);
    expect(gate.next(turns, 0)).toEqual({ waitMs: 30 });
  });

  it("lets a trickle share requests", () => {
    const { gate, turns, put } = gateOf();
    gate.sent({ linkClass: LIVE, bytes: 100 }, turns, 0);
    put(LIVE);
    expect(gate.next(turns, 4)).toEqual({ waitMs: 6 });
    expect(gate.next(turns, 10)).toMatchObject({ linkClass: LIVE });
  });

  it("spends little of a slow link on the heads of live requests, and sends backlog meanwhile", () => {
    const { pace, gate, turns, put } = gateOf();
    measured(pace);
    put(BACKLOG);
    gate.sent({ linkClass: LIVE, bytes: 100 }, turns, 1_000);
    put(LIVE);
    expect(gate.next(turns, 1_050)).toMatchObject({ linkClass: BACKLOG });
    expect(gate.next(turns, 1_301)).toMatchObject({ linkClass: LIVE });
  });

  it("lets classes share a request only where it makes nobody wait", () => {
    const slow = gateOf();
    slow.put(LIVE);
    measured(slow.pace);
    expect(slow.gate.next(slow.turns, 1_000)).toMatchObject({ sharedBytesMax: 0 });
    const fast = gateOf();
    fast.put(LIVE);
    fast.pace.answered(fast.pace.sent(1_000_000, false, 0), 5);
    expect(fast.gate.next(fast.turns, 10)).toMatchObject({
      sharedBytesMax: REPLICATION_REQUEST_BYTES,
    });
  });
});
