import { describe, expect, it } from "vitest";
import { OutboundWindow } from "../../../../src/ingress/mqtt/delivery/outbound_window.ts";
import type { OutboundState } from "../../../../src/ingress/mqtt/delivery/queue_book.ts";

const STATE: Omit<OutboundState, "packetId"> = {
  ...{ qos: 2, released: false, retain: false, identifiers: [], group: null },
  source: { partition: "logs-0", offset: 1 },
};

describe("OutboundWindow", () => {
  it("gives identifiers from 1 on, and none that is in use [MQTT-2.2.1-4]", () => {
    const window = new OutboundWindow();
    for (const expected of [1, 2, 3]) expect(window.add(STATE).packetId).toBe(expected);
    window.remove(2);
    window.restore({ ...STATE, packetId: 65_534 });
    expect(window.add(STATE).packetId).toBe(65_535);
    expect(window.add(STATE).packetId, "1 is in use, 2 is not").toBe(2);
    expect(window.add(STATE).packetId).toBe(4);
    expect(window.size).toBe(6);
  });

  it("keeps the order in which they were sent first, released or not", () => {
    const window = new OutboundWindow();
    const [first, second] = [window.add(STATE), window.add(STATE)];
    window.release(first);
    expect([...window.all()]).toEqual([{ ...first, released: true }, second]);
    expect(window.get(1)?.released).toBe(true);
    window.clear();
    expect(window.size).toBe(0);
  });

  it("addPlain() keeps what is alike once, and makes a state of it when asked", () => {
    const window = new OutboundWindow();
    const from = { partition: "logs-1", identifiers: [7] };
    window.add(STATE);
    const run = window.addPlain(100, null, from);
    expect(window.addPlain(105, run, from)).toBe(run);
    window.restore({ ...STATE, packetId: 5 });
    const next = window.addPlain(106, run, from);
    expect([run.firstId, run.length, next.firstId], "5 and 4 lie between").toEqual([2, 2, 6]);
    const plain = { qos: 1, released: false, retain: false, identifiers: [7], group: null };
    const second = { packetId: 3, ...plain, source: { partition: "logs-1", offset: 105 } };
    expect(window.get(3)).toEqual(second);
    expect(window.get(3), "the same one from then on").toBe(window.get(3));
    expect(window.all().map(({ packetId }) => packetId)).toEqual([1, 2, 3, 5, 6]);
    expect(window.size).toBe(5);
  });

  it("acknowledge() frees an identifier of QoS 1, and no other", () => {
    const window = new OutboundWindow();
    window.add(STATE);
    window.add({ ...STATE, qos: 1 });
    window.addPlain(1, null, { partition: "logs-0", identifiers: [] });
    expect([1, 2, 3, 3, 4].map((packetId) => window.acknowledge(packetId)))
      .toEqual([false, true, true, false, false]);
    expect(window.size).toBe(1);
  });
});
