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
});
