import { describe, expect, it } from "vitest";
import type { OutboundState } from "../../../../src/ingress/mqtt/delivery/queue_book.ts";
import { QueueChanges } from "../../../../src/ingress/mqtt/delivery/queue_changes.ts";
import { SentRun } from "../../../../src/ingress/mqtt/delivery/sent_run.ts";

const state = (packetId: number): OutboundState => ({
  ...{ packetId, qos: 1, released: false, retain: false, identifiers: [], group: null },
  source: { partition: "logs-0", offset: packetId },
});
const NOWHERE = new Map<string, number>();

describe("QueueChanges", () => {
  it("gives each change once, with the cursors that moved", () => {
    const cursors = new Map([["logs-0", 5], ["logs-1", 7]]);
    const changes = new QueueChanges({ cursors, outbound: [] });
    changes.outbound(1, state(1));
    changes.subscription("a", null);
    const change = changes.take(new Map([["logs-0", 6], ["logs-1", 7]]));
    expect(change).toEqual({
      subscriptions: new Map([["a", null]]),
      outbound: new Map([[1, state(1)]]),
      cursors: new Map([["logs-0", 6]]),
    });
    expect(changes.take(new Map([["logs-0", 6], ["logs-1", 7]]))).toBeNull();
    expect(changes.take(new Map([["logs-0", 6]]))!.cursors).toEqual(new Map([["logs-1", null]]));
  });

  it("keeps the order of what is sent under an identifier that was used before", () => {
    const changes = new QueueChanges();
    for (const packetId of [1, 2]) changes.outbound(packetId, state(packetId));
    changes.outbound(1, null);
    changes.outbound(1, state(1));
    expect([...changes.take(NOWHERE)!.outbound!.keys()]).toEqual([2, 1]);
  });

  it("says nothing of what came and went in between", () => {
    const changes = new QueueChanges({ cursors: NOWHERE, outbound: [state(9)] });
    changes.outbound(1, state(1));
    changes.outbound(1, null);
    changes.outbound(9, null);
    changes.outbound(2, state(2));
    expect([...changes.take(NOWHERE)!.outbound!]).toEqual([[9, null], [2, state(2)]]);
    changes.outbound(2, null);
    expect([...changes.take(NOWHERE)!.outbound!]).toEqual([[2, null]]);
    changes.outbound(2, state(2));
    changes.outbound(2, null);
    expect(changes.take(NOWHERE)).toBeNull();
  });

  it("gives again what could not be written, below what changed since", () => {
    const changes = new QueueChanges();
    changes.outbound(1, state(1));
    changes.outbound(2, state(2));
    const failed = changes.take(new Map([["logs-0", 3]]))!;
    changes.outbound(1, null);
    changes.putBack(failed);
    const again = changes.take(new Map([["logs-0", 3]]))!;
    expect(again.cursors).toEqual(new Map([["logs-0", 3]]));
    expect([...again.outbound!]).toEqual([[2, state(2)], [1, null]]);
  });

  it("knows how far cursors are beyond what was written, of which nothing is the start", () => {
    const changes = new QueueChanges({ cursors: new Map([["a-0", 90]]), outbound: [] });
    expect(changes.isFarBeyond(new Map([["a-0", 99], ["a-1", 9]]), 10)).toBe(false);
    expect(changes.isFarBeyond(new Map([["a-0", 100]]), 10)).toBe(true);
    expect(changes.isFarBeyond(new Map([["a-1", 10]]), 10)).toBe(true);
  });

  it("says of a record in a run what it would say of it by itself", () => {
    const run = new SentRun({ partition: "logs-0", identifiers: [] }, 4);
    for (const offset of [4, 5]) run.add(offset);
    const changes = new QueueChanges();
    for (const packetId of [4, 5]) changes.outbound(packetId, run);
    changes.outbound(4, null);
    expect(changes.take(NOWHERE)!.outbound).toEqual(new Map([[5, state(5)]]));
    changes.outbound(5, null);
    expect(changes.take(NOWHERE)!.outbound).toEqual(new Map([[5, null]]));
  });
});
